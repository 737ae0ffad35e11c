package dev.gnserve.norm;

/**
 * Mean and rstd of one contiguous group, with a proven bound of their error. A kernel computes them in float64, reading the group
 * once.
 *
 * <p>With n values, center c, {@code q = sum(d^2) / n}, {@code g = (n + 8) 2^-53} and {@code k = sqrt(1 + mean^2 rstd^2)}: a
 * sum of n rounded terms in any order errs by at most g times the sum of their magnitudes (Higham 2002, section 4.2), and
 * {@code sum |d| <= n sqrt(q)} (Cauchy and Schwarz). So the mean errs by at most {@code g sqrt(q)} and the variance,
 * {@code q - (sum(d) / n)^2}, by at most {@code 4 g q}. The sums of {@link GroupNormReference}, around zero and then around its
 * mean, have similar errors: its mean errs by {@code g k / rstd}, its variance by {@code g} times itself plus the square of the
 * mean's error. {@code error} is twice the sum of both sides.
 *
 * @param k {@code sqrt(1 + (mean rstd)^2)}
 * @param error bounds the distance to {@link GroupNormReference}: the distance of the means times {@code rstd / k}, plus the relative
 *     distance of the two rstd; NaN if a value is not finite
 */
public record BoundedStatistics(double mean, double rstd, double k, double error) {

    private static final int CENTER_SAMPLE = 16;

    private static final double HALF_ULP = 0x1p-53;

    /** For the roundings outside of the sums, a few of 2^-53 each. */
    private static final double ROUNDING = 0x1p-48;

    /**
     * Computes the statistics of a group.
     *
     * @param size number of values, at least one
     */
    public static BoundedStatistics of(ComparisonKernel kernel, float[] x, int offset, int size, double epsilon) {
        double center = center(x, offset, size);
        double[] sums = new double[2];
        kernel.sumDeviations(x, offset, size, center, sums);
        double shift = sums[0] / size;
        double square = sums[1] / size;
        double mean = center + shift;
        double rstd = 1 / Math.sqrt(Math.max(0, square - shift * shift) + epsilon);
        double k = Math.sqrt(1 + mean * rstd * mean * rstd);
        double g = (size + 8.0) * HALF_ULP;
        double error = 8 * g * (1 + square * rstd * rstd) + g * k * g * k + ROUNDING;
        return new BoundedStatistics(mean, rstd, k, error < Double.POSITIVE_INFINITY ? error : Double.NaN);
    }

    /** The mean of a sample from the whole group: a sample from its start could lie in a border of zeros. */
    private static double center(float[] x, int offset, int size) {
        int values = Math.min(size, CENTER_SAMPLE);
        double sum = 0;
        for (int i = 0; i < values; i++) {
            sum += x[offset + (int) ((long) size * i / values)];
        }
        return sum / values;
    }
}
