package dev.gnserve.norm;

/**
 * The inner loops of Group Normalization: the work per value. {@link UnitNormalizer} goes over the groups and merges the sums in
 * float64. Thread-safe.
 *
 * <p>All kernels compute the same bits. Every float32 sum consists of columns, whose number does not depend on the width of a vector.
 * Each column adds its values in the order of the rows, {@link #RUN_ROWS} at a time. Multiplication and addition are fused only where
 * this interface says so. A kernel may process any number of columns at a time.
 *
 * <p>Kernels are fast on processors with fused multiply-add (x86 since 2013, every 64-bit ARM).
 */
public interface GroupNormKernel {

    /** Columns of a block: value i is in column {@code i % COLUMNS}. */
    int COLUMNS = 64;

    /**
     * A column first sums this many rows, then adds them to its total. A single long sum would be less exact: when the mean is 10,000
     * times the deviation, the values are on a coarse grid, their squares end in the same bits, and each addition rounds in the same
     * direction.
     */
    int RUN_ROWS = 16;

    /** Columns after {@link #sumBlock} has folded them. */
    int FOLDED_COLUMNS = 16;

    /** The fastest kernels of this process, and why they were chosen. Chosen once. */
    static Selection select() {
        return Selection.OF_THIS_PROCESS;
    }

    /** {@code scalar}, or {@code vector-256} with the width in bits. */
    String name();

    /**
     * Sums a block of neighbouring values. With {@code d = x - center}, column j is the sum of d and the sum of d * d (fused)
     * of its values. Then the 64 columns are folded to 16: {@code (c[j] + c[j + 16]) + (c[j + 32] + c[j + 48])}.
     *
     * @param length number of values, zero or more; the sum of an empty column is 0
     * @param center a value near the block's mean
     * @param sums receives the sums of d in [0, FOLDED_COLUMNS); the rest of [0, COLUMNS) is scratch memory
     * @param squares receives the sums of d * d likewise
     */
    void sumBlock(float[] x, int offset, int length, float center, float[] sums, float[] squares);

    /**
     * Sums the columns of a matrix whose rows are {@code stride} values apart: with {@code d = x - center[j]}, {@code sums[j]} and
     * {@code squares[j]} become the sums of d and of d * d (fused) over the rows.
     */
    void sumColumns(
            float[] x, int offset, int rows, int stride, int columns, float[] center, float[] sums, float[] squares);

    /**
     * Normalizes neighbouring runs of {@code length} values each, run r with coefficients {@code first + r}. {@code y} may be
     * {@code x} with the same offset.
     */
    void normalizeRuns(
            float[] x, int xOffset, float[] y, int yOffset, int runs, int length, Coefficients coefficients, int first);

    /**
     * Normalizes columns of a matrix whose rows are {@code stride} values apart in input and output: column {@code first + j} with
     * coefficients {@code first + j}. {@code y} may be {@code x} with the same offset.
     *
     * @param xOffset index of column 0 in the first row
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

    /** Converts bfloat16 values (the upper halves of float32 values) to float32, exactly. */
    void widen(short[] bfloat16, int offset, float[] y, int yOffset, int length);

    /**
     * The coefficients per channel: with {@code d = x - center}, {@code y = fma(d, scale, fma(d, scaleLow, shift))}.
     *
     * <p>Mean and scale are split into two floats each: {@code center} is the high part of the mean, and {@code shift} includes the
     * low part; {@code scale + scaleLow} is rstd * weight.
     */
    // The arrays are scratch memory, shared on purpose.
    @SuppressWarnings("ArrayRecordComponent")
    record Coefficients(float[] center, float[] scale, float[] scaleLow, float[] shift) {

        static Coefficients of(int channels) {
            return new Coefficients(new float[channels], new float[channels], new float[channels], new float[channels]);
        }
    }

    /**
     * The chosen kernels.
     *
     * @param reason why they were chosen, and how to get faster ones
     */
    record Selection(GroupNormKernel kernel, ComparisonKernel comparison, String reason) {

        private static final String MODULE = "jdk.incubator.vector";
        private static final Selection OF_THIS_PROCESS = decide();

        private static Selection decide() {
            if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
                return scalar(
                        "the module " + MODULE + " is not resolved; the vector kernel needs --add-modules " + MODULE);
            }
            try {
                // By name, because this class must also load without the module.
                return (Selection) Class.forName(GroupNormKernel.class.getPackageName() + ".VectorKernels")
                        .getDeclaredMethod("select")
                        .invoke(null);
            } catch (ReflectiveOperationException | LinkageError e) {
                return scalar("the vector kernel does not load: " + e);
            }
        }

        private static Selection scalar(String reason) {
            return new Selection(new ScalarGroupNormKernel(), new ScalarComparisonKernel(), reason);
        }
    }
}
