package dev.gnserve.norm;

/**
 * The mean and rstd of all groups, in the caller's arrays, which can be used for several calls. Value {@code n * G + g} belongs to
 * group g of sample n. If there are no positions, both are NaN.
 *
 * @param mean the mean of each group
 * @param rstd {@code 1 / sqrt(variance + epsilon)} of each group, with the biased variance
 */
@SuppressWarnings("ArrayRecordComponent") // The operator writes into the caller's arrays.
public record GroupNormStatistics(double[] mean, double[] rstd) {

    public static GroupNormStatistics of(GroupNormShape shape) {
        return new GroupNormStatistics(new double[shape.totalGroups()], new double[shape.totalGroups()]);
    }

    /** @throws IllegalArgumentException if an array is too short for the groups of the shape */
    void check(GroupNormShape shape) {
        if (mean.length < shape.totalGroups() || rstd.length < shape.totalGroups()) {
            throw new IllegalArgumentException("Expected statistics for " + shape.totalGroups()
                    + " groups, but mean has length " + mean.length + " and rstd " + rstd.length);
        }
    }
}
