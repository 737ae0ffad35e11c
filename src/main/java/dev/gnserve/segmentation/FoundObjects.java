package dev.gnserve.segmentation;

/** The separate objects of one class in an image: an object number for every pixel, and a score for every object. Arrays are shared, not copied. */
public final class FoundObjects {

    private final int[] ids;
    private final float[] scores;

    FoundObjects(int[] ids, float[] scores) {
        this.ids = ids;
        this.scores = scores;
    }

    public int count() {
        return scores.length;
    }

    /** Object numbers, int32 [height, width], row-major: 1 to {@link #count()}, 0 for background. */
    public int[] ids() {
        return ids;
    }

    /** float32 [count]: the score of object {@code i + 1} at {@code i}. */
    public float[] scores() {
        return scores;
    }

    /** The score of an object, by its number from 1: the mean foreground probability of its pixels. */
    public float score(int id) {
        return scores[id - 1];
    }
}
