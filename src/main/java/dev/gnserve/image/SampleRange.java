package dev.gnserve.image;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import org.jspecify.annotations.Nullable;

/**
 * Which values of an image become 0 and 255, before the normalization. It is taken over the whole image and all channels together,
 * before the image is resized or cut into tiles.
 *
 * @param kind how the two values are found
 * @param low percentile that becomes 0; with the kind PERCENTILE
 * @param high percentile that becomes 255; with the kind PERCENTILE
 */
public record SampleRange(Kind kind, float low, float high) {

    /** How the two values are found. */
    public enum Kind {
        /** The least and the greatest value that samples of 8 or 16 bits can have. Others have no such range and are refused. */
        FULL,
        /** The least and the greatest value of the image. */
        MIN_MAX,
        /** Two percentiles of the image; what is beyond them becomes 0 or 255. */
        PERCENTILE,
        /** Values stay as they are in the file. */
        STORED
    }

    /** What models take that say nothing else. */
    public static final SampleRange FULL = new SampleRange(Kind.FULL, 0, 100);

    private static final float MOST = 255;

    /** Brings 65535 to 255. */
    private static final float SIXTEEN_BITS = 257;

    public SampleRange {
        if (!(low >= 0 && low < high && high <= 100)) {
            throw new IllegalArgumentException("0 <= low < high <= 100 must hold, not " + low + " and " + high);
        }
    }

    /**
     * The planes of an image.
     *
     * @throws dev.gnserve.failure.FailureException IMAGE_UNDECODABLE if its samples have no full range, and it is wanted, or if it has
     *     other channels than the network takes
     */
    PlanarRows rows(UprightImage image, ChannelOrder order) {
        if (order instanceof ChannelOrder.Stored && image.channels() != order.channels()) {
            throw Failure.of(
                            FailureCode.IMAGE_UNDECODABLE,
                            "the image has %d channel%s and the model takes %d (input.channels of its model.yaml): send a TIFF with %3$d samples for each pixel, or a NumPy array [height, width, %3$d]; the alpha of other formats is not a channel"
                                    .formatted(image.channels(), image.channels() == 1 ? "" : "s", order.channels()))
                    .asException();
        }
        SampleRows stored = new SampleRows(image, order, 1, null);
        return switch (kind) {
            case STORED -> new SampleRows(image, order, 1, image.scale());
            case FULL -> full(image, order, stored);
            case MIN_MAX -> between(stored, 0, 100);
            case PERCENTILE -> between(stored, low, high);
        };
    }

    private static PlanarRows full(UprightImage image, ChannelOrder order, SampleRows stored) {
        if (image.numbers() != null) {
            throw Failure.of(
                            FailureCode.IMAGE_UNDECODABLE,
                            "its samples are %s, for which 0 and 255 are not known: save it with unsigned samples of 8 or 16 bits, or set input.range in the model's model.yaml"
                                    .formatted(image.numbers()))
                    .asException();
        }
        return image.bitDepth() == 16 ? new SampleRows(image, order, SIXTEEN_BITS, null) : stored;
    }

    private static PlanarRows between(SampleRows stored, float low, float high) {
        Histogram histogram = Histogram.of(stored);
        float zero = histogram.percentile(low);
        float range = histogram.percentile(high) - zero;
        return new Stretched(stored, zero, range > 0 ? MOST / range : 0);
    }

    /** The values {@code (x - zero) * factor}, limited to 0..255. */
    private record Stretched(SampleRows stored, float zero, float factor) implements PlanarRows {

        @Override
        public int channels() {
            return stored.channels();
        }

        @Override
        public int height() {
            return stored.height();
        }

        @Override
        public int width() {
            return stored.width();
        }

        @Override
        public int @Nullable [] counts() {
            return null;
        }

        @Override
        public void read(int x, int y, int count, float[] into, int offset, int stride) {
            stored.read(x, y, count, into, offset, stride);
            for (int c = 0; c < channels(); c++) {
                for (int i = offset + c * stride; i < offset + c * stride + count; i++) {
                    into[i] = Math.max(0, Math.min(MOST, (into[i] - zero) * factor));
                }
            }
        }
    }
}
