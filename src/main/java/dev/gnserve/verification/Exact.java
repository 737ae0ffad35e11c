package dev.gnserve.verification;

import org.jspecify.annotations.Nullable;

/**
 * Group Normalization in float64, group by group (Wu and He 2018, equations 1, 2 and 6).
 *
 * @param input float32 [N, C, *], row-major
 * @param positions product of the axes after C
 * @param weight gamma per channel, or null for 1
 * @param bias beta per channel, or null for 0
 */
@SuppressWarnings("ArrayRecordComponent") // The arrays of a tapped call, which are large, in use for one check.
record Exact(
        float[] input,
        int groups,
        int channelsPerGroup,
        int positions,
        double epsilon,
        float @Nullable [] weight,
        float @Nullable [] bias) {

    static Exact of(
            float[] input,
            int[] shape,
            int groups,
            double epsilon,
            float @Nullable [] weight,
            float @Nullable [] bias) {
        int positions = 1;
        for (int axis = 2; axis < shape.length; axis++) {
            positions *= shape[axis];
        }
        return new Exact(input, groups, shape[1] / groups, positions, epsilon, weight, bias);
    }

    /** How many neighbouring values of the input share a mean and a deviation. */
    int groupSize() {
        return channelsPerGroup * positions;
    }

    double mean(int group) {
        double sum = 0;
        for (int i = group * groupSize(); i < (group + 1) * groupSize(); i++) {
            sum += input[i];
        }
        return sum / groupSize();
    }

    /** One over the root of the biased variance plus epsilon. */
    double rstd(int group, double mean) {
        double sum = 0;
        for (int i = group * groupSize(); i < (group + 1) * groupSize(); i++) {
            double deviation = input[i] - mean;
            sum += deviation * deviation;
        }
        return 1 / Math.sqrt(sum / groupSize() + epsilon);
    }

    double gamma(int channel) {
        return weight == null ? 1 : weight[channel];
    }

    double beta(int channel) {
        return bias == null ? 0 : bias[channel];
    }
}
