package dev.gnserve.norm;

/**
 * Where the operator leaves what it measured; the caller's arrays, reusable from call to call. Value {@code n * G + g}
 * belongs to group g of sample n. Without positions there is nothing to average and both are NaN.
 *
 * @param mean the mean of each group
 * @param rstd {@code 1 / sqrt(variance + epsilon)} of each group, the variance being the biased one
 */
// The caller's arrays on purpose: nothing is copied per call.
@SuppressWarnings("ArrayRecordComponent")
public record GroupNormStatistics(double[] mean, double[] rstd) {

    public static GroupNormStatistics of(GroupNormShape shape) {
        return new GroupNormStatistics(new double[shape.totalGroups()], new double[shape.totalGroups()]);
    }

    /** @throws IllegalArgumentException if an array is too short for the groups of the shape */
    void check(GroupNormShape shape) {
        if (mean.length < shape.totalGroups() || rstd.length < shape.totalGroups()) {
            throw new IllegalArgumentException("Expected room for " + shape.totalGroups() + " groups, but mean has "
                    + mean.length + " and rstd " + rstd.length);
        }
    }
}
