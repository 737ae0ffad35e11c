package dev.gnserve.image;

/**
 * A normalization that has seen its image: from here on every value is treated by itself, so that tiles can be
 * normalized one by one and still do not depend on where they were cut.
 */
@FunctionalInterface
interface FittedNormalization {

    /** Normalizes planes [channels, pixels] in place. */
    void apply(float[] planes, int channels);

    static FittedNormalization of(Normalization normalization, PlanarRows image) {
        if (normalization instanceof Normalization.Percentile percentile) {
            return percentile.fittedTo(image);
        }
        return normalization::apply;
    }
}
