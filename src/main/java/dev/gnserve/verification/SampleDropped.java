package dev.gnserve.verification;

/**
 * Event: an input of live traffic was selected for verification, but not verified.
 *
 * @param model name of the model
 */
public record SampleDropped(String model, String version, Cause cause) {

    /** BUSY: another sample of the model was being verified. FAILED: the verification could not run. */
    public enum Cause {
        BUSY,
        FAILED
    }
}
