package dev.gnserve.image;

import java.util.List;

/**
 * How pixel values become a network's input: in place, on float32 planes [channels, height * width] of 8-bit scale (0 to 255), over the
 * <em>whole</em> image before it is tiled, so that a tile does not depend on where it was cut.
 */
public sealed interface Normalization {

    /**
     * Normalizes in place.
     *
     * @param planes [channels, pixels], row-major
     * @param channels divides the length of {@code planes}; a gray image is given as equal channels
     */
    void apply(float[] planes, int channels);

    /** {@code y = (x * scale - mean[c]) / standardDeviation[c]}, as networks trained with fixed statistics of a data set expect. */
    record Fixed(float scale, List<Float> mean, List<Float> standardDeviation) implements Normalization {

        public Fixed {
            mean = List.copyOf(mean);
            standardDeviation = List.copyOf(standardDeviation);
            if (mean.isEmpty() || mean.size() != standardDeviation.size()) {
                throw new IllegalArgumentException("one mean and one standard deviation per channel, not " + mean.size()
                        + " and " + standardDeviation.size());
            }
            for (float deviation : standardDeviation) {
                if (!(deviation > 0)) {
                    throw new IllegalArgumentException("standard deviations must be positive, not " + deviation);
                }
            }
        }

        @Override
        public void apply(float[] planes, int channels) {
            if (channels != mean.size() || planes.length % channels != 0) {
                throw new IllegalArgumentException(
                        planes.length + " values of " + channels + " channels, but " + mean.size() + " means");
            }
            int pixels = planes.length / channels;
            for (int channel = 0; channel < channels; channel++) {
                float shift = mean.get(channel);
                float deviation = standardDeviation.get(channel);
                for (int i = channel * pixels; i < (channel + 1) * pixels; i++) {
                    planes[i] = (planes[i] * scale - shift) / deviation;
                }
            }
        }
    }

    /**
     * Stretches the range between two percentiles to 0..1. The percentiles are taken over all channels together, so that colour is kept. For
     * images whose exposure differs by orders of magnitude, as in fluorescence microscopy.
     *
     * <p>The result is limited to -1..2: a few saturated pixels must not decide the statistics of a network's first norm.
     *
     * @param low percentile that becomes 0
     * @param high percentile that becomes 1
     * @param minimumRange least distance, in 8-bit steps, between the two, so that the noise of an empty image is not blown up
     */
    record Percentile(float low, float high, float minimumRange) implements Normalization {

        private static final float LEAST = -1;
        private static final float MOST = 2;

        public Percentile {
            if (!(low >= 0 && low < high && high <= 100)) {
                throw new IllegalArgumentException("0 <= low < high <= 100 must hold, not " + low + " and " + high);
            }
            if (!(minimumRange > 0)) {
                throw new IllegalArgumentException("minimumRange must be positive, not " + minimumRange);
            }
        }

        @Override
        public void apply(float[] planes, int channels) {
            if (channels < 1 || planes.length % channels != 0) {
                throw new IllegalArgumentException(planes.length + " values are not " + channels + " equal planes");
            }
            if (planes.length > 0) {
                fittedTo(new PlanarImage(1, 1, planes.length, planes)).apply(planes, channels);
            }
        }

        /** Takes the percentiles of an image; they are the same for planes and for rows of them. */
        FittedNormalization fittedTo(PlanarRows image) {
            Histogram histogram = Histogram.of(image);
            float zero = histogram.percentile(low);
            float one = histogram.percentile(high);
            float factor = 1 / Math.max(one - zero, minimumRange);
            return (planes, channels) -> {
                for (int i = 0; i < planes.length; i++) {
                    planes[i] = Math.min(MOST, Math.max(LEAST, (planes[i] - zero) * factor));
                }
            };
        }
    }
}
