package dev.gnserve.norm;

/** The inner loops that compare an engine's results with Group Normalization, in float64. Thread-safe. */
public interface ComparisonKernel {

    /** The one in plain Java, which every process has. */
    static ComparisonKernel scalar() {
        return new ScalarComparisonKernel();
    }

    /** {@code scalar}, or {@code vector-256} with the width in bits. */
    String name();

    /**
     * Sums neighbouring values: with {@code d = x - center}, {@code sums[0]} becomes the sum of d and {@code sums[1]} that of
     * d * d (fused). The order of the additions depends on the kernel; the bound of {@link BoundedStatistics} holds for any order.
     */
    void sumDeviations(float[] x, int offset, int length, double center, double[] sums);

    /**
     * Finds the first result whose distance from Group Normalization is above the limit.
     *
     * @param x the normalized values
     * @param y the results, at the same indexes
     * @return the index of the result, or {@code offset + length} if there is none; NaN is above every limit
     */
    int firstBeyond(float[] x, float[] y, int offset, int length, Limit limit);

    /**
     * The allowed distance of a result from {@code expected = fma(d, scale, shift)} with {@code d = x - mean}:
     * {@code fma(|expected|, share, fma(|d|, slope, base))}.
     */
    record Limit(double mean, double scale, double shift, double base, double slope, double share) {

        /** Whether a result is within the limit. */
        boolean keeps(float x, float y) {
            double d = x - mean;
            double expected = Math.fma(d, scale, shift);
            return Math.abs(y - expected) <= Math.fma(Math.abs(expected), share, Math.fma(Math.abs(d), slope, base));
        }
    }
}
