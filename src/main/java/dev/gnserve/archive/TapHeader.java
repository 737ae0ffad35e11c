package dev.gnserve.archive;

/**
 * What a tapped call says of itself.
 *
 * @param call its number within the run, from 0
 * @param module number of the module that made it
 * @param site number of the place in the code
 * @param groups groups that the call was given
 * @param epsilon epsilon that the call was given
 * @param hasWeight whether it was given a scale per channel
 * @param hasBias whether it was given a shift per channel
 * @param contiguous whether its input lay in memory as (N, C, *), row-major; false for channels-last
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
        TensorType type) {

    /** Number of integers that the instrumented copy keeps of a call. */
    public static final int LENGTH = 8;

    /** Reads the int64 vector and the float64 one that the instrumented copy keeps of a call. */
    public static TapHeader of(long[] integers, double epsilon) {
        if (integers.length != LENGTH) {
            throw new IllegalArgumentException("a tap header of " + integers.length + " integers");
        }
        return new TapHeader(
                (int) integers[0],
                integers[1],
                integers[2],
                (int) integers[3],
                epsilon,
                integers[4] != 0,
                integers[5] != 0,
                integers[6] != 0,
                type((int) integers[7]));
    }

    /** By libtorch's own numbers, c10/core/ScalarType.h. */
    private static TensorType type(int scalarType) {
        return switch (scalarType) {
            case 5 -> TensorType.FLOAT16;
            case 6 -> TensorType.FLOAT32;
            case 7 -> TensorType.FLOAT64;
            case 15 -> TensorType.BFLOAT16;
            default -> throw new IllegalArgumentException("a group norm of scalar type " + scalarType);
        };
    }
}
