package dev.gnserve.norm;

/**
 * The inner loops of Group Normalization. {@link GroupNorm} walks the groups and merges in float64; a kernel does what is
 * done once per value. Two loops, {@link #sumDeviations} and {@link #firstBeyond}, compare results of others with it.
 *
 * <p>All kernels give the same bits, but for the last ones of {@link #sumDeviations}. Every float32 sum is kept in float32 columns whose number does not depend on the width of a
 * vector, each column adds its values in the order of the rows, {@link #RUN_ROWS} at a time, and multiplication and addition are fused where this
 * interface says so and nowhere else. How many columns a kernel works on at a time is its own affair.
 *
 * <p>Kernels have no state and are safe for concurrent use. They need a processor with fused multiply-add to be fast (x86
 * since 2013, every 64-bit ARM).
 */
public interface GroupNormKernel {

    /** Columns of a block of neighbouring values: value i belongs to column {@code i % COLUMNS}. */
    int COLUMNS = 64;

    /**
     * Rows that a column adds up before it adds the sum to those before. Squares of values on a coarse grid, as they come of
     * a mean 10,000 times the deviation, end in the same bits, and a long sum of them is rounded the same way each time.
     */
    int RUN_ROWS = 16;

    /** Columns left after {@link #sumBlock} has folded them. */
    int FOLDED_COLUMNS = 16;

    /** The fastest kernel of this process and why it is that one; decided once. */
    static Selection select() {
        return Selection.OF_THIS_PROCESS;
    }

    /** Short name with the width in bits, such as {@code vector-256}. */
    String name();

    /**
     * Sums a block of neighbouring values. With {@code d = x - center}, column j gets the sum of d and the sum of d * d
     * (fused) of its values; then {@code (c[j] + c[j + 16]) + (c[j + 32] + c[j + 48])} becomes column j of 16.
     *
     * @param length number of values, zero or more; columns without a value count as 0
     * @param center a value near the block's mean
     * @param sums takes the sums of d in [0, FOLDED_COLUMNS); the rest of [0, COLUMNS) is scratch
     * @param squares takes the sums of d * d likewise
     */
    void sumBlock(float[] x, int offset, int length, float center, float[] sums, float[] squares);

    /**
     * Sums the columns of a matrix whose rows lie {@code stride} apart: with {@code d = x - center[j]}, {@code sums[j]} and
     * {@code squares[j]} become the sum of d and of d * d (fused) over the rows.
     */
    void sumColumns(
            float[] x, int offset, int rows, int stride, int columns, float[] center, float[] sums, float[] squares);

    /**
     * Normalizes neighbouring runs of {@code length} values, run r with coefficients {@code first + r}. {@code y} may be
     * {@code x} with the same offset, here and below.
     */
    void normalizeRuns(
            float[] x, int xOffset, float[] y, int yOffset, int runs, int length, Coefficients coefficients, int first);

    /**
     * Normalizes a matrix whose rows lie {@code stride} apart, in input and output: column {@code first + j} with
     * coefficients {@code first + j}.
     *
     * @param xOffset where column 0 of the first row would be
     * @param yOffset likewise
     */
    void normalizeColumns(
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            int rows,
            int stride,
            int first,
            int columns,
            Coefficients coefficients);

    /** Turns bfloat16 values (the upper halves of float32 values) into float32, exactly. */
    void widen(short[] bfloat16, int offset, float[] y, int yOffset, int length);

    /**
     * Sums neighbouring values in float64: with {@code d = x - center}, {@code sums[0]} becomes the sum of d and
     * {@code sums[1]} that of d * d (fused). The order is the kernel's own; the bound of {@link BoundedStatistics} holds for
     * every order.
     */
    void sumDeviations(float[] x, int offset, int length, double center, double[] sums);

    /**
     * Finds the first result that is further from Group Normalization than it may be; all in float64.
     *
     * @param x what was normalized
     * @param y the results, at the same indexes
     * @return the index of the first value beyond the limit, or {@code offset + length}; a NaN is beyond every limit
     */
    int firstBeyond(float[] x, float[] y, int offset, int length, Limit limit);

    /**
     * How far a result may be from {@code expected = fma(d, scale, shift)} with {@code d = x - mean}: by
     * {@code fma(|expected|, share, fma(|d|, slope, base))}.
     */
    record Limit(double mean, double scale, double shift, double base, double slope, double share) {

        /** Whether a value keeps the limit. */
        boolean keeps(float x, float y) {
            double d = x - mean;
            double expected = Math.fma(d, scale, shift);
            return Math.abs(y - expected) <= Math.fma(Math.abs(expected), share, Math.fma(Math.abs(d), slope, base));
        }
    }

    /**
     * What turns x into y, per channel: with {@code d = x - center}, {@code y = fma(d, scale, fma(d, scaleLow, shift))}.
     *
     * <p>Mean and scale are split in two floats each: {@code center} is the mean's high part, whose low part went into
     * {@code shift}; {@code scale + scaleLow} is rstd * weight.
     */
    // The arrays are scratch memory, shared on purpose.
    @SuppressWarnings("ArrayRecordComponent")
    record Coefficients(float[] center, float[] scale, float[] scaleLow, float[] shift) {

        static Coefficients of(int channels) {
            return new Coefficients(new float[channels], new float[channels], new float[channels], new float[channels]);
        }
    }

    /**
     * A chosen kernel.
     *
     * @param reason why it was chosen, and what to do for a faster one
     */
    record Selection(GroupNormKernel kernel, String reason) {

        private static final String MODULE = "jdk.incubator.vector";
        private static final Selection OF_THIS_PROCESS = decide();

        private static Selection decide() {
            if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
                return scalar(
                        "the module " + MODULE + " is not resolved; the vector kernel needs --add-modules " + MODULE);
            }
            try {
                // By name: this class must load where the module is missing.
                GroupNormKernel vector = (GroupNormKernel)
                        Class.forName(GroupNormKernel.class.getPackageName() + ".VectorGroupNormKernel")
                                .getDeclaredMethod("preferred")
                                .invoke(null);
                return new Selection(vector, "the widest vectors of this processor that the JVM offers");
            } catch (ReflectiveOperationException | LinkageError e) {
                return scalar("the vector kernel does not load: " + e);
            }
        }

        private static Selection scalar(String reason) {
            return new Selection(new ScalarGroupNormKernel(), reason);
        }
    }
}
