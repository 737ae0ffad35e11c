package dev.gnserve.verification;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.norm.BoundedStatistics;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.norm.GroupNormKernel.Limit;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormShape;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Finds the worst element of a call: a kernel goes over every group, and {@link ExactComparison} over those alone that may
 * hold that element.
 *
 * <p>The kernel's ratio of a group is within a proven margin of the exact one. A group whose ratio plus margin is below
 * another group's ratio minus margin cannot hold the worst element and is left out. The answer therefore is, to the last bit,
 * that of comparing every group exactly. Where the exact ratio of a group lies outside the kernel's margin, the kernel is
 * broken, and the comparison fails with an exception instead of a verdict.
 *
 * <p>The margin: with e = {@link BoundedStatistics#error} and W = (k + |xhat|) |gamma| + |beta|, other statistics move the
 * expected result by at most e W and the tolerance, T W + R |expected|, by at most 2 e (2 T + R) W. As the tolerance is at least
 * T W, a ratio moves by at most 2 e / T + e ratio + 2 e (2 + R / T) ratio; {@link #margin} is about twice that.
 */
final class ScreenedComparison {

    /** Statistics less exact than this leave a margin that excludes few groups. */
    private static final double LARGEST_ERROR = 0x1p-30;

    private final float[] input;
    private final float[] output;
    private final GroupNormShape shape;
    private final GroupNormParameters parameters;
    private final Tolerance tolerance;
    private final GroupNormKernel kernel;
    private final ExactComparison exact;

    /** @param shape of input and output, contiguous */
    ScreenedComparison(
            float[] input,
            float[] output,
            GroupNormShape shape,
            GroupNormParameters parameters,
            Tolerance tolerance,
            GroupNormKernel kernel) {
        this.input = input;
        this.output = output;
        this.shape = shape;
        this.parameters = parameters;
        this.tolerance = tolerance;
        this.kernel = kernel;
        this.exact = new ExactComparison(input, output, shape, parameters, tolerance);
    }

    /**
     * A group as the kernel sees it.
     *
     * @param ratio the largest ratio of error and tolerance
     * @param margin the exact ratio is within it; NaN where the kernel proves nothing
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
     * @param allCores whether groups are shared among all cores, or compared one after another on the calling thread
     * @throws dev.gnserve.failure.FailureException if the kernel errs by more than it may
     */
    WorstElement worst(boolean allCores) {
        if (shape.size() == 0) {
            return WorstElement.NONE;
        }
        if (shape.totalGroups() == 1) {
            return exact.worst(0); // No group can be left out.
        }
        return each(contenders(allCores), allCores).map(this::exact).reduce(WorstElement.NONE, WorstElement::of);
    }

    /** The groups that may hold the worst element: with ordinary values one, or a few whose ratios are nearly equal. */
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
            throw Failure.of(
                            FailureCode.ENGINE_FAULT,
                            "The verification is broken, not the model: in group %d the kernel %s found a ratio of error and tolerance of %s, float64 found %s, and they may differ by %s."
                                    .formatted(
                                            screened.group(),
                                            kernel.name(),
                                            screened.ratio(),
                                            worst.ratio(),
                                            screened.margin()))
                    .asException();
        }
        return worst;
    }

    private Screened screen(int group) {
        int first = group * shape.groupSize();
        BoundedStatistics statistics =
                BoundedStatistics.of(kernel, input, first, shape.groupSize(), parameters.epsilon());
        double worst = -1;
        if (!(statistics.error() <= LARGEST_ERROR)) {
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
        // A ratio of infinity cannot be exceeded.
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
