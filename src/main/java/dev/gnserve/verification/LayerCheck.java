package dev.gnserve.verification;

import dev.gnserve.archive.TapHeader;
import dev.gnserve.archive.TensorType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TappedCall;
import dev.gnserve.model.ExpectedGroupNorm;
import dev.gnserve.norm.ComparisonKernel;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.MemoryFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Compares a tapped call with float64 ({@link ScreenedComparison}): with the engine's input and the parameters that the archive
 * declares. A call that ran with other parameters fails with this reason, even if the numbers hardly differ.
 */
final class LayerCheck {

    /**
     * So many values are compared in plain Java before vectors are used. Vectors save about 1 ns for each value, but cost more than a
     * second of processor time until the JVM has compiled them: a start does not pay for that.
     */
    private static final long MOST_IN_PLAIN_JAVA = 1 << 28;

    private static final ComparisonKernel PLAIN = ComparisonKernel.scalar();
    private static final ComparisonKernel FASTEST = GroupNormKernel.select().comparison();

    /** Kernels add the squares of a group in float32. A few roundings below its largest value, their sum is certainly finite. */
    private static final double MOST_SQUARES = Float.MAX_VALUE / 4;

    private static final AtomicLong VALUES = new AtomicLong();

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

    /** Screens the groups of the next call; both kernels lead to the same result ({@link ScreenedComparison}). */
    static ComparisonKernel kernel() {
        return VALUES.get() < MOST_IN_PLAIN_JAVA ? PLAIN : FASTEST;
    }

    /**
     * @param expected takes precedence over the archive's declaration
     * @param number number of the call among those of this layer, from 1
     * @param allCores whether to share the groups among all cores, or to use the calling thread only
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
            contradictions.add("the archive declares no weights, but the layer ran with weights");
        }
        GroupNormShape shape = GroupNormShape.of(sizes, groups, MemoryFormat.CONTIGUOUS);
        WorstElement worst = worst(shape, new GroupNormParameters(epsilon, weight, bias));
        boolean compared = worst.ratio() >= 0;
        boolean pass = worst.error() <= worst.tolerance();
        String beyond = pass && compared ? null : beyondTheBound(shape);
        if (beyond != null && contradictions.isEmpty()) {
            return result(number, groups, epsilon, WorstElement.NONE, Verdict.NOT_APPLICABLE, beyond);
        }
        if (!pass && beyond == null) {
            contradictions.add(String.format(
                    "the engine's result has an error of %.3g, allowed is %.3g%s",
                    worst.error(), worst.tolerance(), isChannelsLast() ? " (channels-last)" : ""));
        }
        return contradictions.isEmpty()
                ? result(number, groups, epsilon, worst, Verdict.PASS, null)
                : result(number, groups, epsilon, worst, Verdict.FAIL, String.join("; ", contradictions));
    }

    private CallCheck result(
            int number, int groups, double epsilon, WorstElement worst, Verdict verdict, @Nullable String reason) {
        int[] sizes = call.input().shape().toArray();
        return new CallCheck(
                declared.declaration().layer(),
                number,
                groups,
                sizes[1],
                epsilon,
                Arrays.stream(sizes).boxed().toList(),
                Math.min(worst.error(), Double.MAX_VALUE),
                Math.min(worst.tolerance(), Double.MAX_VALUE),
                unravel(worst.index(), sizes),
                verdict,
                reason);
    }

    /** Why the bound of the error does not hold for the input of the call; null if it does. */
    private @Nullable String beyondTheBound(GroupNormShape shape) {
        float[] values = call.input().values();
        for (int first = 0; first < values.length; first += shape.groupSize()) {
            double squares = 0;
            for (int i = first; i < first + shape.groupSize(); i++) {
                squares += (double) values[i] * values[i];
            }
            if (!Double.isFinite(squares)) { // In float64, squares of float32 do not overflow.
                return "its input has values that are not finite, so there is no exact result to compare with";
            }
            if (squares > MOST_SQUARES) {
                return "its input has values so large that their squares exceed float32, where no bound of the error holds";
            }
        }
        return null;
    }

    private int groups(int channels) {
        int used = call.header().groups();
        boolean expects = expected.groups() != null;
        Integer required = expects ? expected.groups() : declared.declaration().groups();
        if (required == null || required == used) {
            return used;
        }
        contradictions.add(
                (expects ? "expected are " + required + " groups" : "the archive declares " + required + " groups")
                        + ", but the layer ran with " + used);
        return required > 0 && channels % required == 0 ? required : used;
    }

    private double epsilon() {
        double used = call.header().epsilon();
        boolean expects = expected.epsilon() != null;
        Double required = expects ? expected.epsilon() : declared.declaration().epsilon();
        if (required == null || Math.abs(required - used) <= 1e-9 * Math.abs(used)) {
            return used;
        }
        contradictions.add((expects ? "expected is epsilon " + required : "the archive declares epsilon " + required)
                + ", but the layer ran with " + used);
        return required >= 0 ? required : used;
    }

    private float @Nullable [] vector(
            String name, float @Nullable [] required, @Nullable FloatTensor used, int channels) {
        float[] values = used == null ? null : used.values();
        if (required == null) {
            return values;
        }
        if (required.length != channels) {
            contradictions.add("the archive declares a " + name + " of " + required.length + " values, but there are "
                    + channels + " channels");
            return values;
        }
        if (values == null) {
            contradictions.add("the archive declares a " + name + ", but the layer ran without it");
        } else {
            int different = Arrays.mismatch(required, values);
            if (different >= 0) {
                contradictions.add(name + "[" + different + "] is " + required[different] + " in the archive and "
                        + (different < values.length ? Float.toString(values[different]) : "missing")
                        + " in the engine");
            }
        }
        return required;
    }

    private WorstElement worst(GroupNormShape shape, GroupNormParameters parameters) {
        TapHeader header = call.header();
        Tolerance tolerance = header.planned() && header.type() == TensorType.FLOAT32
                ? Tolerance.ofPlan(shape.channels(), shape.positions())
                : Tolerance.of(
                        header.type(), !isChannelsLast(), shape.positions()); // Copied to contiguous by the plan.
        ComparisonKernel kernel = kernel();
        VALUES.addAndGet(shape.size());
        return new ScreenedComparison(
                        call.input().values(), call.output().values(), shape, parameters, tolerance, kernel)
                .worst(allCores);
    }

    private boolean isChannelsLast() {
        return !call.header().contiguous() && !call.header().planned();
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
