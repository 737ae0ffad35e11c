package dev.gnserve.image;

import java.util.Arrays;

/**
 * How an image is continued to the right and at the bottom until its sides are multiples of what a network can halve.
 *
 * <p>Only the image's own size decides how far: padding is part of what Group Normalization averages over, so padding
 * to the size of whatever else is in a batch would make the result depend on it.
 *
 * @param multiple of which both sides become multiples; 1 pads nothing
 * @param mode what the padding shows
 * @param value of {@link Mode#CONSTANT} padding, in the network's own units (after normalization)
 */
public record Padding(int multiple, Mode mode, float value) {

    /** What padding shows. */
    public enum Mode {
        /** The image mirrored at its edge, the edge itself not repeated. */
        REFLECT,
        /** One value. */
        CONSTANT
    }

    public static final Padding NONE = new Padding(1, Mode.CONSTANT, 0);

    public Padding {
        if (multiple < 1) {
            throw new IllegalArgumentException("multiple must be positive but is " + multiple);
        }
    }

    public static Padding reflect(int multiple) {
        return new Padding(multiple, Mode.REFLECT, 0);
    }

    public static Padding constant(int multiple, float value) {
        return new Padding(multiple, Mode.CONSTANT, value);
    }

    /** The side that a side of this length is padded to. */
    public int padded(int length) {
        return Math.toIntExact(((long) length + multiple - 1) / multiple * multiple);
    }

    /** Fills what of a tile lies to the right of its image and below it. */
    void fill(PlanarImage tile, int imageWidth, int imageHeight) {
        float[] values = tile.values();
        for (int c = 0; c < tile.channels(); c++) {
            for (int y = 0; y < tile.height(); y++) {
                int to = (c * tile.height() + y) * tile.width();
                int inside = y < imageHeight ? imageWidth : 0;
                if (mode == Mode.CONSTANT) {
                    Arrays.fill(values, to + inside, to + tile.width(), value);
                } else {
                    int from = (c * tile.height() + reflected(y, imageHeight)) * tile.width();
                    for (int x = inside; x < tile.width(); x++) {
                        values[to + x] = values[from + reflected(x, imageWidth)];
                    }
                }
            }
        }
    }

    /** Mirrors a position beyond the end back, the last one not repeated, as often as it takes. */
    private static int reflected(int position, int length) {
        if (position < length || length == 1) {
            return Math.min(position, length - 1);
        }
        int period = 2 * (length - 1);
        int within = position % period;
        return within < length ? within : period - within;
    }
}
