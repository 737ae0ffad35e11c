package dev.gnserve.segmentation;

/**
 * What of one class is kept per pixel while an image's rows come in: whether the pixel belongs to the class and may begin
 * an object, and how probable it is. Three bytes instead of the float32 planes of all channels. Not thread-safe.
 */
final class ClassPlane {

    /** Of a pixel that belongs to the class. */
    static final int MASK = 1;

    /** Of one that may begin an object, too. */
    static final int SEED = 2;

    /** Steps of a kept probability: a mean over a few pixels is off by less than is told. */
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
     * Takes a pixel.
     *
     * @param mask whether it belongs to the class
     * @param interior probability of the class's interior
     * @param foreground probability of interior or rim
     */
    void set(int pixel, boolean mask, float interior, float foreground) {
        marks[pixel] = (byte) (mask ? interior > seedThreshold ? MASK | SEED : MASK : 0);
        probabilities[pixel] = (char) (Math.min(1, foreground) * STEPS + 0.5f);
    }

    /** {@link #MASK} and {@link #SEED} of each pixel, [height, width]; the plane's own memory. */
    byte[] marks() {
        return marks;
    }

    /** Probability of interior or rim. */
    double probability(int pixel) {
        return probabilities[pixel] / STEPS;
    }

    /** 1 where a pixel belongs to the class, else 0, [height, width]; this plane's own memory, which it no longer needs. */
    byte[] intoMask() {
        for (int i = 0; i < marks.length; i++) {
            marks[i] &= MASK;
        }
        return marks;
    }
}
