package dev.gnserve.verification;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.norm.BoundedStatistics;
import dev.gnserve.norm.ComparisonKernel;
import dev.gnserve.norm.ComparisonKernel.Limit;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormShape;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Finds the worst element of a call, the one with the largest ratio of error and tolerance. A fast kernel screens all groups, and
 * {@link ExactComparison} compares only the groups that may contain the worst element. Immutable and thread-safe.
 *
 * <p>The kernel's ratio of a group is within a proven margin of the exact ratio. A group whose ratio plus margin is below another
 * group's ratio minus margin cannot contain the worst element and is left out. So the result has the same bits as an exact comparison
 * of all groups. If the exact ratio of a group is outside the margin, the kernel is broken: the comparison throws an exception and
 * gives no verdict.
 *
 * <p>The margin: with e = {@link BoundedStatistics#error} and W = (k + |xhat|) |gamma| + |beta|, other statistics change the
 * expected result by at most e W and the tolerance, T W + R |expected|, by at most 2 e (2 T + R) W. As the tolerance is at least
 * T W, a ratio changes by at most 2 e / T + e ratio + 2 e (2 + R / T) ratio; {@link #margin} is about twice that.
 */
final class ScreenedComparison {

    /** With a larger error of the statistics, the margin is too wide to leave groups out. */
    private static final double MAX_ERROR = 0x1p-30;

    private final float[] input;
    private final float[] output;
    private final GroupNormShape shape;
    private final GroupNormParameters parameters;
    private final Tolerance tolerance;
    private final ComparisonKernel kernel;
    private final ExactComparison exact;

    /** @param shape of input and output, contiguous */
    ScreenedComparison(
            float[] input,
            float[] output,
            GroupNormShape shape,
            GroupNormParameters parameters,
            Tolerance tolerance,
            ComparisonKernel kernel) {
        this.input = input;
        this.output = output;
        this.shape = shape;
        this.parameters = parameters;
        this.tolerance = tolerance;
        this.kernel = kernel;
        this.exact = new ExactComparison(input, output, shape, parameters, tolerance);
    }

    /**
     * A group's result of the screening.
     *
     * @param ratio the largest ratio of error and tolerance
     * @param margin bound of the distance to the exact ratio; NaN if there is no bound
     */
    record Screened(int group, double ratio, double margin) {

        boolean proven() {
            return !Double.isNaN(margin);
        }

        double atLeast() {
            return proven() ? ratio - margin : Double.NEGATIVE_INFINITY;
        }

        boolean mayReach(double least) {
            return !proven() || ratio + margin >= least;
        }

        boolean holds(double exactRatio) {
            return !proven() || exactRatio == ratio || Math.abs(exactRatio - ratio) <= margin;
        }
    }

    /**
     * @param allCores whether to share the groups among all cores, or to use the calling thread only
     * @throws FailureException if the kernel's error is larger than its bound
     */
    WorstElement worst(boolean allCores) {
        if (shape.size() == 0) {
            return WorstElement.NONE;
        }
        if (shape.totalGroups() == 1) {
            return exact.worst(0);
        }
        return each(contenders(allCores), allCores).map(this::exact).reduce(WorstElement.NONE, WorstElement::of);
    }

    /** The groups that may contain the worst element: usually one, or a few with nearly equal ratios. */
    List<Screened> contenders(boolean allCores) {
        List<Screened> screened = each(
                        IntStream.range(0, shape.totalGroups()).boxed().toList(), allCores)
                .map(this::screen)
                .toList();
        double least = screened.stream().mapToDouble(Screened::atLeast).max().orElse(Double.NEGATIVE_INFINITY);
        return screened.stream().filter(group -> group.mayReach(least)).toList();
    }

    private static <T> Stream<T> each(List<T> groups, boolean allCores) {
        return allCores ? groups.parallelStream() : groups.stream();
    }

    private WorstElement exact(Screened screened) {
        WorstElement worst = exact.worst(screened.group());
        if (!screened.holds(worst.ratio())) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "The verification is broken, not the model: in group %d the ratio of error and tolerance is %s in float64 and %s in the kernel %s, and the allowed difference is %s."
                            .formatted(
                                    screened.group(),
                                    worst.ratio(),
                                    screened.ratio(),
                                    kernel.name(),
                                    screened.margin()));
        }
        return worst;
    }

    private Screened screen(int group) {
        int first = group * shape.groupSize();
        BoundedStatistics statistics =
                BoundedStatistics.of(kernel, input, first, shape.groupSize(), parameters.epsilon());
        double worst = -1;
        if (!(statistics.error() <= MAX_ERROR)) {
            return new Screened(group, worst, Double.NaN);
        }
        for (int c = 0; c < shape.channelsPerGroup() && worst < Double.POSITIVE_INFINITY; c++) {
            int channel = group % shape.groups() * shape.channelsPerGroup() + c;
            double gamma = parameters.weight() == null ? 1 : parameters.weight()[channel];
            double beta = parameters.bias() == null ? 0 : parameters.bias()[channel];
            if (!(Math.abs(gamma) + Math.abs(beta) < Double.POSITIVE_INFINITY)) {
                return new Screened(group, worst, Double.NaN);
            }
            worst = screen(first + c * shape.positions(), statistics, gamma, beta, worst);
        }
        return new Screened(group, worst, margin(worst, statistics.error()));
    }

    /** The largest ratio in a channel, or {@code worst} if none is larger. */
    private double screen(int first, BoundedStatistics statistics, double gamma, double beta, double worst) {
        double mean = statistics.mean();
        double scale = statistics.rstd() * gamma;
        double base = tolerance.at(statistics.k(), 0, gamma, beta, 0);
        double slope = (tolerance.at(statistics.k(), 1, gamma, beta, 0) - base) * statistics.rstd();
        double share = tolerance.outputRounding();
        int end = first + shape.positions();
        double largest = worst;
        int next = first;
        while (largest < Double.POSITIVE_INFINITY) {
            int found = kernel.firstBeyond(
                    input,
                    output,
                    next,
                    end - next,
                    new Limit(mean, scale, beta, largest * base, largest * slope, largest * share));
            if (found == end) {
                break;
            }
            double deviation = input[found] - mean;
            double expected = Math.fma(deviation, scale, beta);
            double error = Math.abs(output[found] - expected);
            double allowed = tolerance.at(statistics.k(), deviation * statistics.rstd(), gamma, beta, expected);
            largest = Math.max(
                    largest, Double.isNaN(error) ? Double.POSITIVE_INFINITY : error == 0 ? 0 : error / allowed);
            next = found + 1;
        }
        return largest;
    }

    private double margin(double ratio, double error) {
        double units = tolerance.kernelUnits();
        return ratio == Double.POSITIVE_INFINITY
                ? 0
                : 4 * error * ((1 + ratio * tolerance.outputRounding()) / units + 3 * ratio);
    }
}
