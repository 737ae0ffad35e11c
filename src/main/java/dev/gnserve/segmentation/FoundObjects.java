package dev.gnserve.segmentation;

/**
 * The separate objects of one class in an image. Arrays are shared, not copied.
 *
 * @param ids object numbers, int32 [height, width], row-major: 1 to {@link #count()}, 0 for background
 * @param scores float32 [count]: of object {@code i + 1} at {@code i}, the mean foreground probability of its pixels
 */
@SuppressWarnings("ArrayRecordComponent") // Compared never.
public record FoundObjects(int[] ids, float[] scores) {

    public int count() {
        return scores.length;
    }

    /** The score of an object, by its number from 1. */
    public float score(int id) {
        return scores[id - 1];
    }
}
