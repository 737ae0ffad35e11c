package dev.gnserve.segmentation;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.util.Locale;

/**
 * The separate objects of one class in an image. Arrays are shared, not copied.
 *
 * @param ids object numbers, int32 [height, width], row-major: 1 to {@link #count()}, 0 for background
 * @param scores float32 [count]: of object {@code i + 1} at {@code i}, the mean foreground probability of its pixels
 */
@SuppressWarnings("ArrayRecordComponent") // Compared never.
public record FoundObjects(int[] ids, float[] scores) {

    private static final int MOST_IN_PNG = 0xFFFF;

    /**
     * Requires that a PNG can hold the numbers of objects.
     *
     * @param has what has so many of them
     * @param instead what to ask for
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST
     */
    static void requireFew(long count, String has, String instead) {
        if (count > MOST_IN_PNG) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            String.format(
                                    Locale.ROOT,
                                    "%s has %,d objects, and a PNG of their numbers has 16 bits, for %,d at most: ask for %s",
                                    has,
                                    count,
                                    MOST_IN_PNG,
                                    instead))
                    .asException();
        }
    }

    public int count() {
        return scores.length;
    }

    /** The score of an object, by its number from 1. */
    public float score(int id) {
        return scores[id - 1];
    }
}
