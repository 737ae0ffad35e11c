package dev.gnserve.image;

/** How often the values of an image occur, in equal bins between the least and the greatest of them. */
final class Histogram {

    private static final int BINS = 1 << 16;

    private final float least;
    private final float most;
    private final float toBin;
    private final int[] bins = new int[BINS];
    private long count;

    private Histogram(float least, float most) {
        this.least = least;
        this.most = most;
        this.toBin = most > least ? (BINS - 1) / (most - least) : 0;
    }

    static Histogram of(PlanarRows image) {
        int[] counts = image.counts();
        return counts == null ? ofRows(image) : ofCounts(counts);
    }

    static Histogram ofRows(PlanarRows image) {
        float[] row = new float[image.channels() * image.width()];
        float least = Float.POSITIVE_INFINITY;
        float most = Float.NEGATIVE_INFINITY;
        for (int y = 0; y < image.height(); y++) {
            image.read(0, y, image.width(), row, 0, image.width());
            for (float value : row) {
                least = Math.min(least, value);
                most = Math.max(most, value);
            }
        }
        Histogram histogram = new Histogram(least, most);
        for (int y = 0; y < image.height(); y++) {
            image.read(0, y, image.width(), row, 0, image.width());
            for (float value : row) {
                histogram.add(value, 1);
            }
        }
        return histogram;
    }

    /** From the counts of the values 0, 1, 2, ..., of which one at least occurs; the same as from these values in rows. */
    static Histogram ofCounts(int[] counts) {
        int least = 0;
        while (counts[least] == 0) {
            least++;
        }
        int most = counts.length - 1;
        while (counts[most] == 0) {
            most--;
        }
        Histogram histogram = new Histogram(least, most);
        for (int value = least; value <= most; value++) {
            histogram.add(value, counts[value]);
        }
        return histogram;
    }

    private void add(float value, int times) {
        bins[Math.round((value - least) * toBin)] += times;
        count += times;
    }

    /** Nearest rank: the first value at which at least the given share, in percent, of all values is reached. */
    float percentile(float percent) {
        long rank = Math.max(1, (long) Math.ceil(percent / 100.0 * count));
        int bin = 0;
        for (long seen = bins[0]; seen < rank && bin < BINS - 1; seen += bins[bin]) {
            bin++;
        }
        return least + bin * (most - least) / (BINS - 1);
    }
}
