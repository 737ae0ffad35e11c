package dev.gnserve.archive;

/**
 * The arguments of a tapped call, without its tensors.
 *
 * @param call its number within the pass, from 0
 * @param module number of the module that made the call
 * @param site number of the call within the code
 * @param groups the argument {@code num_groups}
 * @param epsilon the argument {@code eps}
 * @param hasWeight whether it had a scale per channel
 * @param hasBias whether it had a shift per channel
 * @param contiguous whether its input was (N, C, *) in memory, row-major; false for channels-last
 * @param planned whether the formula of {@link PlannedArchive} computed it
 * @param type element type of input and output
 */
public record TapHeader(
        int call,
        long module,
        long site,
        int groups,
        double epsilon,
        boolean hasWeight,
        boolean hasBias,
        boolean contiguous,
        boolean planned,
        TensorType type) {

    /** Number of integers that the instrumented copy keeps per call. */
    public static final int LENGTH = 8;

    /**
     * Reads what the instrumented copy keeps per call.
     *
     * @throws IllegalArgumentException if it is not a header
     */
    public static TapHeader of(long[] integers, double epsilon) {
        if (integers.length != LENGTH) {
            throw new IllegalArgumentException(
                    "the tap header has " + integers.length + " integers, expected are " + LENGTH);
        }
        return new TapHeader(
                (int) integers[0],
                integers[1],
                integers[2],
                (int) integers[3],
                epsilon,
                integers[4] != 0,
                integers[5] != 0,
                integers[6] == 1,
                integers[6] == TappedArchive.PLANNED,
                type((int) integers[7]));
    }

    /** Source of the numbers: libtorch's c10/core/ScalarType.h. */
    private static TensorType type(int scalarType) {
        return switch (scalarType) {
            case 5 -> TensorType.FLOAT16;
            case 6 -> TensorType.FLOAT32;
            case 7 -> TensorType.FLOAT64;
            case 15 -> TensorType.BFLOAT16;
            default ->
                throw new IllegalArgumentException("the tapped call has the unexpected scalar type " + scalarType);
        };
    }
}
