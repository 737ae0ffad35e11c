package dev.gnserve.verification;

/**
 * An input of live traffic was chosen for verification and not verified.
 *
 * @param model its name
 */
public record SampleDropped(String model, String version, Cause cause) {

    /** Another sample of the model was still being verified; or the verification could not run. */
    public enum Cause {
        BUSY,
        FAILED
    }
}
