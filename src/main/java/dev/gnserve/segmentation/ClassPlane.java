package dev.gnserve.segmentation;

/**
 * One class of an image, in three bytes a pixel: the marks of mask and seeds, and the probability. Filled row by row, so that no float32
 * planes of the whole image are needed. Not thread-safe.
 */
final class ClassPlane {

    /** Mark of a pixel that belongs to the class. */
    static final int MASK = 1;

    /** Mark of a pixel of the class that may be part of a seed. */
    static final int SEED = 2;

    /** Steps of a stored probability. Their error is far below the four digits of a score in JSON. */
    private static final float STEPS = 65_535;

    private final int width;
    private final int height;
    private final float seedThreshold;
    private final byte[] marks;
    private final char[] probabilities;

    ClassPlane(int width, int height, float seedThreshold) {
        this.width = width;
        this.height = height;
        this.seedThreshold = seedThreshold;
        marks = new byte[Math.multiplyExact(width, height)];
        probabilities = new char[marks.length];
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    /**
     * Sets a pixel.
     *
     * @param mask whether it belongs to the class
     * @param interior probability of the interior of an object
     * @param foreground probability of interior or boundary
     */
    void set(int pixel, boolean mask, float interior, float foreground) {
        marks[pixel] = (byte) (mask ? interior > seedThreshold ? MASK | SEED : MASK : 0);
        probabilities[pixel] = (char) (Math.min(1, foreground) * STEPS + 0.5f);
    }

    /** {@link #MASK} and {@link #SEED} of each pixel, [height, width]; not copied. */
    byte[] marks() {
        return marks;
    }

    /** Probability of interior or boundary. */
    double probability(int pixel) {
        return probabilities[pixel] / STEPS;
    }

    /** 1 for a pixel of the class, else 0, [height, width]. Overwrites the marks: those of seeds are gone afterwards. */
    byte[] intoMask() {
        for (int i = 0; i < marks.length; i++) {
            marks[i] &= MASK;
        }
        return marks;
    }
}
