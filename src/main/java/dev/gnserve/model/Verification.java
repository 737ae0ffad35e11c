package dev.gnserve.model;

/**
 * How a model's normalization layers are checked against the reference operator.
 *
 * @param onLoad what a failed check at load does
 * @param sampleRate share of live inputs (images, or tiles of larger ones) that are checked after their answer was sent
 * @param expected what every Group Normalization must have
 */
public record Verification(OnLoad onLoad, float sampleRate, ExpectedGroupNorm expected) {

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
