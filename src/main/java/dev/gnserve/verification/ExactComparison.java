package dev.gnserve.verification;

import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormReference;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.GroupNormStatistics;
import dev.gnserve.norm.MemoryFormat;

/** Compares the groups of one call with {@link GroupNormReference}, value by value in float64. Thread-safe. */
final class ExactComparison {

    private final float[] input;
    private final float[] output;
    private final GroupNormShape shape;
    private final GroupNormParameters parameters;
    private final Tolerance tolerance;
    private final GroupNormReference oneGroup;

    /** @param shape of input and output, contiguous */
    ExactComparison(
            float[] input, float[] output, GroupNormShape shape, GroupNormParameters parameters, Tolerance tolerance) {
        this.input = input;
        this.output = output;
        this.shape = shape;
        this.parameters = parameters;
        this.tolerance = tolerance;
        // A shape of one group, because groups are independent and contiguous, and several cores can share them.
        this.oneGroup = new GroupNormReference(
                new GroupNormShape(1, shape.channelsPerGroup(), 1, shape.positions(), MemoryFormat.CONTIGUOUS),
                GroupNormParameters.withoutAffine(parameters.epsilon()));
    }

    /** The worst element of a group; the first element with ratio -1 if the group has no exact result. */
    WorstElement worst(int group) {
        GroupNormStatistics statistics = oneGroup.statistics(input, group * shape.groupSize());
        double mean = statistics.mean()[0];
        double rstd = statistics.rstd()[0];
        double k = Math.sqrt(1 + mean * rstd * mean * rstd);
        double worstRatio = -1;
        double worstError = 0;
        double worstTolerance = 0;
        int worstIndex = group * shape.groupSize();
        for (int c = 0; c < shape.channelsPerGroup(); c++) {
            int channel = group % shape.groups() * shape.channelsPerGroup() + c;
            double gamma = parameters.weight() == null ? 1 : parameters.weight()[channel];
            double beta = parameters.bias() == null ? 0 : parameters.bias()[channel];
            double scale = rstd * gamma;
            // No element's tolerance is below base + |x - mean| slope.
            double base = tolerance.at(k, 0, gamma, beta, 0);
            double slope = (tolerance.at(k, 1, gamma, beta, 0) - base) * rstd;
            int first = group * shape.groupSize() + c * shape.positions();
            for (int i = first; i < first + shape.positions(); i++) {
                double deviation = input[i] - mean;
                double error = Math.abs(output[i] - (deviation * scale + beta));
                if (error <= worstRatio * base + Math.abs(deviation) * (worstRatio * slope)) {
                    continue; // A fast check for most elements.
                }
                double xhat = deviation * rstd;
                double expected = xhat * gamma + beta;
                if (Double.isNaN(expected)) {
                    continue; // The group contains NaN or infinity, so it has no exact result.
                }
                double allowed = tolerance.at(k, xhat, gamma, beta, expected);
                error = Math.abs(output[i] - expected);
                double ratio = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error == 0 ? 0 : error / allowed;
                if (ratio > worstRatio) {
                    worstRatio = ratio;
                    worstError = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
                    worstTolerance = allowed;
                    worstIndex = i;
                }
            }
        }
        return new WorstElement(worstRatio, worstError, worstTolerance, worstIndex);
    }
}
