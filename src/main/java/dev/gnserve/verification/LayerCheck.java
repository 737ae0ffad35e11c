package dev.gnserve.verification;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TappedCall;
import dev.gnserve.model.ExpectedGroupNorm;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormReference;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.GroupNormStatistics;
import dev.gnserve.norm.MemoryFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Compares a tapped call with the float64 reference on the very input that the engine had, computed with what the archive
 * declares. What ran with something else fails with that as its reason, even where the numbers hardly show it.
 */
final class LayerCheck {

    /** The element whose error is largest in proportion to its tolerance. */
    private record Worst(double ratio, double error, double tolerance, int index) {

        static final Worst NONE = new Worst(-1, 0, 0, 0);

        static Worst of(Worst a, Worst b) {
            // Equal ratios go to the first element, so that the answer does not depend on threads.
            return b.ratio > a.ratio || (b.ratio == a.ratio && b.index < a.index) ? b : a;
        }
    }

    private final TappedCall call;
    private final Declared declared;
    private final ExpectedGroupNorm expected;
    private final boolean allCores;
    private final List<String> contradictions = new ArrayList<>();

    private LayerCheck(TappedCall call, Declared declared, ExpectedGroupNorm expected, boolean allCores) {
        this.call = call;
        this.declared = declared;
        this.expected = expected;
        this.allCores = allCores;
    }

    /**
     * @param expected comes before what the archive declares
     * @param number counts the calls of this layer, from 1
     * @param allCores whether groups are shared among all cores, or compared one after another on the calling thread
     */
    static CallCheck check(
            TappedCall call, Declared declared, ExpectedGroupNorm expected, int number, boolean allCores) {
        return new LayerCheck(call, declared, expected, allCores).check(number);
    }

    private CallCheck check(int number) {
        int[] sizes = call.input().shape().toArray();
        int channels = sizes[1];
        int groups = groups(channels);
        double epsilon = epsilon();
        float[] weight = vector("weight", declared.weight(), call.weight(), channels);
        float[] bias = vector("bias", declared.bias(), call.bias(), channels);
        if (Boolean.FALSE.equals(declared.declaration().affine()) && (call.weight() != null || call.bias() != null)) {
            contradictions.add("it declares no weights and ran with some");
        }
        GroupNormShape shape = GroupNormShape.of(sizes, groups, MemoryFormat.CONTIGUOUS);
        Worst worst = worst(shape, new GroupNormParameters(epsilon, weight, bias));
        boolean pass = worst.error() <= worst.tolerance();
        if (!pass) {
            contradictions.add(String.format(
                    "the engine's result is off by %.3g where %.3g is sound%s",
                    worst.error(), worst.tolerance(), call.header().contiguous() ? "" : " (channels-last)"));
        }
        return new CallCheck(
                declared.declaration().layer(),
                number,
                groups,
                channels,
                epsilon,
                Arrays.stream(sizes).boxed().toList(),
                Math.min(worst.error(), Double.MAX_VALUE),
                Math.min(worst.tolerance(), Double.MAX_VALUE),
                unravel(worst.index(), sizes),
                contradictions.isEmpty() ? Verdict.PASS : Verdict.FAIL,
                contradictions.isEmpty() ? null : String.join("; ", contradictions));
    }

    private int groups(int channels) {
        int ran = call.header().groups();
        boolean expects = expected.groups() != null;
        Integer says = expects ? expected.groups() : declared.declaration().groups();
        if (says == null || says == ran) {
            return ran;
        }
        contradictions.add(
                expects
                        ? says + " groups are expected and it ran with " + ran
                        : "it declares " + says + " groups and ran with " + ran);
        return says > 0 && channels % says == 0 ? says : ran;
    }

    private double epsilon() {
        double ran = call.header().epsilon();
        boolean expects = expected.epsilon() != null;
        Double says = expects ? expected.epsilon() : declared.declaration().epsilon();
        if (says == null || Math.abs(says - ran) <= 1e-9 * Math.abs(ran)) {
            return ran;
        }
        contradictions.add(
                expects
                        ? "epsilon " + says + " is expected and it ran with " + ran
                        : "it declares epsilon " + says + " and ran with " + ran);
        return says >= 0 ? says : ran;
    }

    private float @Nullable [] vector(String name, float @Nullable [] says, @Nullable FloatTensor ran, int channels) {
        float[] values = ran == null ? null : ran.values();
        if (says == null) {
            return values;
        }
        if (says.length != channels) {
            contradictions.add("it declares " + says.length + " values of " + name + " for " + channels + " channels");
            return values;
        }
        if (values == null) {
            contradictions.add("it declares a " + name + " and ran without");
        } else {
            int different = Arrays.mismatch(says, values);
            if (different >= 0) {
                contradictions.add(name + "[" + different + "] is " + says[different] + " in the archive and "
                        + (different < values.length ? Float.toString(values[different]) : "missing")
                        + " in the engine");
            }
        }
        return says;
    }

    private Worst worst(GroupNormShape shape, GroupNormParameters parameters) {
        if (shape.size() == 0) {
            return Worst.NONE;
        }
        // Groups are independent and lie one after another: each is a shape of its own, so that cores can share them.
        GroupNormReference oneGroup = new GroupNormReference(
                new GroupNormShape(1, shape.channelsPerGroup(), 1, shape.positions(), MemoryFormat.CONTIGUOUS),
                new GroupNormParameters(parameters.epsilon(), null, null));
        Tolerance tolerance = Tolerance.of(call.header().type(), call.header().contiguous(), shape.positions());
        IntStream groups = IntStream.range(0, shape.totalGroups());
        return (allCores ? groups.parallel() : groups)
                .mapToObj(group -> worst(group, shape, parameters, oneGroup, tolerance))
                .reduce(Worst.NONE, Worst::of);
    }

    private Worst worst(
            int group,
            GroupNormShape shape,
            GroupNormParameters parameters,
            GroupNormReference oneGroup,
            Tolerance tolerance) {
        float[] input = call.input().values();
        float[] output = call.output().values();
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
                    continue; // The usual case, in few operations.
                }
                double xhat = deviation * rstd;
                double expected = xhat * gamma + beta;
                if (Double.isNaN(expected)) {
                    // The group holds NaN or infinity: it has no exact result.
                    continue;
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
        return new Worst(worstRatio, worstError, worstTolerance, worstIndex);
    }

    private static List<Integer> unravel(int index, int[] sizes) {
        Integer[] place = new Integer[sizes.length];
        int rest = index;
        for (int axis = sizes.length - 1; axis >= 0; axis--) {
            place[axis] = sizes[axis] == 0 ? 0 : rest % sizes[axis];
            rest = sizes[axis] == 0 ? 0 : rest / sizes[axis];
        }
        return Arrays.stream(place).collect(Collectors.toList());
    }
}
