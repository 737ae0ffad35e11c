package dev.gnserve.norm;

import org.jspecify.annotations.Nullable;

/**
 * The parameters of a Group Normalization without its number of groups. The arrays are not copied.
 *
 * @param epsilon term added to the variance; finite and not negative
 * @param weight gamma, one factor per channel, or null for 1
 * @param bias beta, one term per channel, or null for 0
 */
@SuppressWarnings("ArrayRecordComponent") // A copy would cost time in every call.
public record GroupNormParameters(double epsilon, float @Nullable [] weight, float @Nullable [] bias) {

    /** The default epsilon in PyTorch and in the paper's code. */
    public static final double DEFAULT_EPSILON = 1e-5;

    public GroupNormParameters {
        if (!(epsilon >= 0 && epsilon < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("Expected epsilon to be finite and not negative, got " + epsilon);
        }
    }

    /** A layer without weight and bias. */
    public static GroupNormParameters withoutAffine(double epsilon) {
        return new GroupNormParameters(epsilon, null, null);
    }

    double weight(int channel) {
        return weight == null ? 1 : weight[channel];
    }

    double bias(int channel) {
        return bias == null ? 0 : bias[channel];
    }

    /** @throws IllegalArgumentException if weight or bias is not one value per channel */
    void check(GroupNormShape shape) {
        check("weight", weight, shape);
        check("bias", bias, shape);
    }

    private static void check(String name, float @Nullable [] values, GroupNormShape shape) {
        if (values != null && values.length != shape.channels()) {
            throw new IllegalArgumentException("Expected " + name
                    + " to be a vector of size equal to the number of channels in input, but got " + name
                    + " of shape [" + values.length + "] and " + shape.channels() + " channels in " + shape);
        }
    }
}
