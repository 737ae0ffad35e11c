package dev.gnserve.image;

import org.jspecify.annotations.Nullable;

/**
 * The values of an image in their order, for percentiles. They are exact whatever the values are: one that lies far from all others moves
 * none of them. Values are found by their bits, the upper 16 in a first pass over the image, the lower 16 in a second one.
 */
final class Histogram {

    private static final int BINS = 1 << 16;

    /** Null where the bins are the values 0, 1, 2, ... themselves. */
    private final @Nullable PlanarRows image;

    private final int[] bins;
    private final long count;

    private Histogram(@Nullable PlanarRows image, int[] bins) {
        this.image = image;
        this.bins = bins;
        long sum = 0;
        for (int bin : bins) {
            sum += bin;
        }
        this.count = sum;
    }

    static Histogram of(PlanarRows image) {
        int[] counts = image.counts();
        return counts == null ? ofRows(image) : ofCounts(counts);
    }

    static Histogram ofRows(PlanarRows image) {
        int[] bins = new int[BINS];
        forEachRow(image, row -> {
            for (float value : row) {
                bins[upper(order(value))]++;
            }
        });
        return new Histogram(image, bins);
    }

    /** From the counts of the values 0, 1, 2, ..., of which one at least occurs; the same as from these values in rows. */
    static Histogram ofCounts(int[] counts) {
        return new Histogram(null, counts.clone());
    }

    /** Nearest rank: the first value at which at least the given share, in percent, of all values is reached. */
    float percentile(float percent) {
        long rank = Math.max(1, (long) Math.ceil(percent / 100.0 * count));
        int bin = binOf(bins, rank);
        return image == null ? bin : valueIn(image, bin, rank);
    }

    private float valueIn(PlanarRows rows, int upper, long rank) {
        int[] lower = new int[BINS];
        forEachRow(rows, row -> {
            for (float value : row) {
                int order = order(value);
                if (upper(order) == upper) {
                    lower[order & 0xFFFF]++;
                }
            }
        });
        long before = 0;
        for (int bin = 0; bin < upper; bin++) {
            before += bins[bin];
        }
        return value((upper - BINS / 2) << 16 | binOf(lower, rank - before));
    }

    /** The first bin at which so many values are reached. */
    private static int binOf(int[] bins, long rank) {
        int bin = 0;
        for (long seen = bins[0]; seen < rank && bin < bins.length - 1; seen += bins[bin]) {
            bin++;
        }
        return bin;
    }

    /** A number in the order of the floats. */
    private static int order(float value) {
        int bits = Float.floatToRawIntBits(value);
        return bits ^ (bits >> 31 & Integer.MAX_VALUE);
    }

    private static float value(int order) {
        return Float.intBitsToFloat(order ^ (order >> 31 & Integer.MAX_VALUE));
    }

    private static int upper(int order) {
        return (order >> 16) + BINS / 2;
    }

    private interface Row {
        void take(float[] values);
    }

    private static void forEachRow(PlanarRows image, Row each) {
        float[] row = new float[image.channels() * image.width()];
        for (int y = 0; y < image.height(); y++) {
            image.read(0, y, image.width(), row, 0, image.width());
            each.take(row);
        }
    }
}
