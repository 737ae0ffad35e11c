package dev.gnserve.norm;

/**
 * Group Normalization in float64, by the equations of Wu and He, "Group Normalization", ECCV 2018. Every kernel is compared with it.
 * It also normalizes the rare groups whose scale float32 cannot represent. Immutable and thread-safe.
 */
public final class GroupNormReference {

    private final GroupNormShape shape;
    private final GroupNormParameters parameters;

    /**
     * A reference for one shape and layer.
     *
     * @throws IllegalArgumentException if weight or bias does not fit the channels
     */
    public GroupNormReference(GroupNormShape shape, GroupNormParameters parameters) {
        parameters.check(shape);
        this.shape = shape;
        this.parameters = parameters;
    }

    /** Normalizes the whole input; the result has the order of the input. */
    public double[] normalize(float[] input, int offset) {
        double[] result = new double[shape.size()];
        for (int sample = 0; sample < shape.batch(); sample++) {
            for (int group = 0; group < shape.groups(); group++) {
                double mean = mean(input, offset, sample, group);
                double rstd = rstd(input, offset, sample, group, mean);
                for (int channel = firstChannel(group); channel < firstChannel(group + 1); channel++) {
                    for (int position = 0; position < shape.positions(); position++) {
                        int index = shape.indexOf(sample, channel, position);
                        result[index] = normalized(input[offset + index], mean, rstd, channel);
                    }
                }
            }
        }
        return result;
    }

    /** Mean and rstd of every group. */
    public GroupNormStatistics statistics(float[] input, int offset) {
        GroupNormStatistics statistics = GroupNormStatistics.of(shape);
        for (int sample = 0; sample < shape.batch(); sample++) {
            for (int group = 0; group < shape.groups(); group++) {
                double mean = mean(input, offset, sample, group);
                statistics.mean()[sample * shape.groups() + group] = mean;
                statistics.rstd()[sample * shape.groups() + group] = rstd(input, offset, sample, group, mean);
            }
        }
        return statistics;
    }

    /** Equation 2, left: the average over the set S of equation 7. */
    double mean(float[] input, int offset, int sample, int group) {
        double sum = 0;
        for (int channel = firstChannel(group); channel < firstChannel(group + 1); channel++) {
            sum += sum(input, offset + shape.indexOf(sample, channel, 0));
        }
        return sum / shape.groupSize();
    }

    /** Equation 2, right, inverted: one over the root of the biased variance plus epsilon. */
    double rstd(float[] input, int offset, int sample, int group, double mean) {
        double sum = 0;
        for (int channel = firstChannel(group); channel < firstChannel(group + 1); channel++) {
            sum += squares(input, offset + shape.indexOf(sample, channel, 0), mean);
        }
        return 1 / Math.sqrt(sum / shape.groupSize() + parameters.epsilon());
    }

    /** Equations 1 and 6. */
    double normalized(float value, double mean, double rstd, int channel) {
        return (value - mean) * rstd * parameters.weight(channel) + parameters.bias(channel);
    }

    /** The sum of a channel's values. Four partial sums, so that an addition does not wait for the one before. */
    private double sum(float[] input, int first) {
        int step = step();
        int end = first + shape.positions() * step;
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = first;
        for (; i < end - 3 * step; i += 4 * step) {
            a += input[i];
            b += input[i + step];
            c += input[i + 2 * step];
            d += input[i + 3 * step];
        }
        for (; i < end; i += step) {
            a += input[i];
        }
        return a + b + (c + d);
    }

    /** The sum of a channel's squared deviations from the mean, likewise. */
    private double squares(float[] input, int first, double mean) {
        int step = step();
        int end = first + shape.positions() * step;
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = first;
        for (; i < end - 3 * step; i += 4 * step) {
            double e = input[i] - mean;
            double f = input[i + step] - mean;
            double g = input[i + 2 * step] - mean;
            double h = input[i + 3 * step] - mean;
            a += e * e;
            b += f * f;
            c += g * g;
            d += h * h;
        }
        for (; i < end; i += step) {
            a += (input[i] - mean) * (input[i] - mean);
        }
        return a + b + (c + d);
    }

    /** The distance of a channel's values at neighbouring positions. */
    private int step() {
        return shape.positions() < 2 ? 1 : shape.indexOf(0, 0, 1);
    }

    private int firstChannel(int group) {
        return group * shape.channelsPerGroup();
    }
}
