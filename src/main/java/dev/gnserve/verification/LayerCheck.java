package dev.gnserve.verification;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TappedCall;
import dev.gnserve.model.ExpectedGroupNorm;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.MemoryFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Compares a tapped call with float64 ({@link ScreenedComparison}) on the very input that the engine had, computed with what the archive
 * declares. What ran with something else fails with that as its reason, even where the numbers hardly show it.
 */
final class LayerCheck {

    /** Screens the groups; see {@link ScreenedComparison}. */
    static final GroupNormKernel KERNEL = GroupNormKernel.select().kernel();

    private final TappedCall call;
    private final DeclaredGroupNorm declared;
    private final ExpectedGroupNorm expected;
    private final boolean allCores;
    private final List<String> contradictions = new ArrayList<>();

    private LayerCheck(TappedCall call, DeclaredGroupNorm declared, ExpectedGroupNorm expected, boolean allCores) {
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
            TappedCall call, DeclaredGroupNorm declared, ExpectedGroupNorm expected, int number, boolean allCores) {
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
        WorstElement worst = worst(shape, new GroupNormParameters(epsilon, weight, bias));
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

    private WorstElement worst(GroupNormShape shape, GroupNormParameters parameters) {
        Tolerance tolerance = Tolerance.of(call.header().type(), call.header().contiguous(), shape.positions());
        return new ScreenedComparison(
                        call.input().values(), call.output().values(), shape, parameters, tolerance, KERNEL)
                .worst(allCores);
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
