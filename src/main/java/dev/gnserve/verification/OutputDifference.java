package dev.gnserve.verification;

import dev.gnserve.archive.TensorType;

/** The difference of an image's output between two batches. Not thread-safe. */
final class OutputDifference {

    /** Allowed difference relative to the largest value, as in PyTorch's own comparisons of memory formats. */
    private static final double OF_FLOAT32 = 1e-4;

    /** Roundings that may add up, as in {@link Tolerance}. */
    private static final double UNITS = 16;

    private final double relative;
    private double largest;
    private double magnitude = 1e-6;

    /** @param type the coarsest in which the network computes */
    OutputDifference(TensorType type) {
        relative = switch (type) {
            case BFLOAT16 -> UNITS * 0x1p-8;
            case FLOAT16 -> UNITS * 0x1p-11;
            default -> OF_FLOAT32;
        };
    }

    /** The largest absolute difference. */
    double largest() {
        return largest;
    }

    /** The largest difference that rounding can explain. */
    double sound() {
        return relative * magnitude;
    }

    /** Compares {@code length} values of both, from the given indexes on. */
    void add(float[] one, int at, float[] other, int otherAt, int length) {
        for (int i = 0; i < length; i++) {
            float own = one[at + i];
            if (Float.isFinite(own)) {
                magnitude = Math.max(magnitude, Math.abs(own));
            }
            if (Float.floatToIntBits(own) != Float.floatToIntBits(other[otherAt + i])) {
                double apart = Math.abs((double) own - other[otherAt + i]);
                // 0 and -0 differ by 0. NaN and a number differ by infinity.
                add(Double.isNaN(apart) ? Double.POSITIVE_INFINITY : apart);
            }
        }
    }

    void add(double apart) {
        largest = Math.max(largest, apart);
    }
}
