package dev.gnserve.model;

/**
 * How a model's normalization layers are checked against the reference operator.
 *
 * @param onLoad what a failed check at load does
 * @param sampleRate share of live requests that are checked after their answer was sent
 */
public record Verification(OnLoad onLoad, float sampleRate) {

    /** Not checked; a failure is logged; a failure keeps the model from serving. */
    public enum OnLoad {
        OFF,
        WARN,
        REQUIRE
    }

    public Verification {
        if (!(sampleRate >= 0 && sampleRate <= 1)) {
            throw new IllegalArgumentException("sampleRate is " + sampleRate + ", allowed is 0 to 1");
        }
    }
}
