package dev.gnserve.model;

/**
 * How a model is verified.
 *
 * @param onLoad what to do at load
 * @param sampleRate share of the live inputs (images, or tiles of large ones) that are verified after their response
 * @param expected what every Group Normalization must have
 */
public record Verification(OnLoad onLoad, float sampleRate, ExpectedGroupNorm expected) {

    /** OFF: no verification. WARN: a failure is logged. REQUIRE: after a failure the model does not serve. */
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
