package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.TensorType;
import dev.gnserve.failure.FailureException;
import dev.gnserve.norm.ComparisonKernel;
import dev.gnserve.norm.GroupNorm;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.MemoryFormat;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The answer of every group compared exactly, to the last bit; and no answer from a kernel that errs. */
@Tag("kernel")
class ScreenedComparisonTest {

    private static final GroupNorm OPERATOR =
            new GroupNorm(GroupNormKernel.select().kernel());
    private static final ComparisonKernel KERNEL = GroupNormKernel.select().comparison();

    /** C, G, positions. */
    private static final int[][] SHAPES = {
        {1, 1, 1}, {6, 6, 1}, {48, 6, 1}, {8, 1, 61}, {8, 8, 16}, {5, 5, 31}, {96, 8, 256}, {66, 33, 49}, {16, 2, 4999}
    };

    /** One call: what went in, what came out. */
    @SuppressWarnings("ArrayRecordComponent") // Its own arrays, changed by tests on purpose.
    private record Call(
            float[] input, float[] output, GroupNormShape shape, GroupNormParameters parameters, Tolerance tolerance) {

        WorstElement screened(ComparisonKernel kernel, boolean allCores) {
            return new ScreenedComparison(input, output, shape, parameters, tolerance, kernel).worst(allCores);
        }

        WorstElement exact() {
            ExactComparison exact = new ExactComparison(input, output, shape, parameters, tolerance);
            return IntStream.range(0, shape.totalGroups())
                    .mapToObj(exact::worst)
                    .reduce(WorstElement.NONE, WorstElement::of);
        }

        void assertSame() {
            assertThat(screened(KERNEL, false)).isEqualTo(exact());
            assertThat(screened(KERNEL, true)).isEqualTo(exact());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TensorType.class,
            names = {"FLOAT32", "FLOAT16", "BFLOAT16"})
    void correctCallsGetTheResultOfFloat64(TensorType type) {
        for (int[] n : SHAPES) {
            for (double mean : new double[] {0, 1, 100, 1e4}) {
                for (boolean contiguous : new boolean[] {true, false}) {
                    Call call = call(n, mean, type, contiguous, 11);
                    call.assertSame();
                    assertThat(call.exact().ratio()).isLessThan(1);
                }
            }
        }
    }

    /** What the kernel is there for. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 1, 100})
    void onlyFewGroupsAreComparedExactly(double mean) {
        int groups = 0;
        for (int seed = 0; seed < 20; seed++) {
            Call call = call(new int[] {256, 32, 1024}, mean, TensorType.FLOAT32, true, seed);
            groups += new ScreenedComparison(
                            call.input(), call.output(), call.shape(), call.parameters(), call.tolerance(), KERNEL)
                    .contenders(false)
                    .size();
        }
        assertThat(groups).isBetween(20, 24);
    }

    @Test
    void faultsGetTheResultOfFloat64() {
        for (int[] n : SHAPES) {
            Call call = call(n, 1, TensorType.FLOAT32, true, 12);
            Random random = new Random(13);
            for (float size : new float[] {1e-6f, 1e-4f, 1, Float.POSITIVE_INFINITY, Float.NaN}) {
                call.output()[random.nextInt(call.output().length)] += size;
                call.assertSame();
            }
            Arrays.fill(call.output(), Float.NaN);
            call.assertSame();
            Arrays.fill(call.output(), 0);
            call.assertSame();
        }
    }

    /** Of two equally wrong groups, the first is the worst. */
    @Test
    void equalGroupsGetTheResultOfFloat64() {
        GroupNormShape shape = new GroupNormShape(4, 8, 2, 100, MemoryFormat.CONTIGUOUS);
        float[] input = gaussian(100, new Random(14), 0, 1);
        float[] inputs = repeated(input, 32);
        float[] outputs = new float[inputs.length];
        GroupNormParameters parameters = GroupNormParameters.withoutAffine(1e-5);
        OPERATOR.normalize(shape, parameters, inputs, outputs);
        for (int i = 7; i < outputs.length; i += 100) {
            outputs[i] += 1e-3f;
        }
        Call call = new Call(inputs, outputs, shape, parameters, Tolerance.of(TensorType.FLOAT32, true, 100));

        call.assertSame();
        assertThat(call.exact().index()).isEqualTo(7);
    }

    @Test
    void nanConstantAndExtremeGroupsGetTheResultOfFloat64() {
        for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 1e30f, -1e-30f, 0}) {
            Call call = call(new int[] {16, 4, 137}, 0, TensorType.FLOAT32, true, 15);
            call.input()[100] = value;
            call.assertSame();
            Arrays.fill(call.input(), 4 * 137, 8 * 137, value);
            call.assertSame();
            Arrays.fill(call.input(), value);
            call.assertSame();
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, 0, 1e-40f, 1e30f})
    void unusualWeightsGetTheResultOfFloat64(float value) {
        Call call = call(new int[] {16, 4, 137}, 0, TensorType.FLOAT32, true, 16);
        call.parameters().weight()[5] = value;
        call.assertSame();
        call.parameters().bias()[5] = value;
        call.assertSame();
        call.parameters().bias()[15] = value;
        call.assertSame();
    }

    @Test
    void epsilonZeroGetsTheResultOfFloat64() {
        Call call = call(new int[] {16, 4, 137}, 0, TensorType.FLOAT32, true, 17);
        new Call(
                        call.input(),
                        call.output(),
                        call.shape(),
                        new GroupNormParameters(
                                0, call.parameters().weight(), call.parameters().bias()),
                        call.tolerance())
                .assertSame();
    }

    /** Wrong sums make every ratio wrong, so there must be no verdict. */
    @Test
    void aKernelWithWrongStatisticsGivesNoVerdict() {
        ComparisonKernel broken = broken("sumDeviations", (arguments, result) -> {
            ((double[]) arguments[4])[1] *= 1 + 1e-7;
            return result;
        });

        assertBroken(broken, call(new int[] {32, 8, 1024}, 1, TensorType.FLOAT32, true, 18));
    }

    /** A kernel that skips values would find no fault. */
    @Test
    void aKernelThatSkipsValuesGivesNoVerdict() {
        ComparisonKernel broken = broken("firstBeyond", (arguments, result) -> (int) arguments[2] + (int) arguments[3]);
        Call call = call(new int[] {32, 8, 1024}, 1, TensorType.FLOAT32, true, 19);

        assertBroken(broken, call);
        call.output()[1234] = 7;
        assertBroken(broken, call);
    }

    private static void assertBroken(ComparisonKernel broken, Call call) {
        for (boolean allCores : new boolean[] {false, true}) {
            assertThatThrownBy(() -> call.screened(broken, allCores))
                    .isInstanceOf(FailureException.class)
                    .hasMessageContaining("The verification is broken");
        }
    }

    private interface Fault {
        Object after(Object[] arguments, Object result);
    }

    private static ComparisonKernel broken(String loop, Fault fault) {
        return (ComparisonKernel) Proxy.newProxyInstance(
                ComparisonKernel.class.getClassLoader(),
                new Class<?>[] {ComparisonKernel.class},
                (proxy, method, arguments) -> {
                    try {
                        Object result = method.invoke(KERNEL, arguments);
                        return method.getName().equals(loop) ? fault.after(arguments, result) : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** Results of the operator, each moved by up to two units, and rounded to the type. */
    private static Call call(int[] n, double mean, TensorType type, boolean contiguous, long seed) {
        Random random = new Random(seed);
        GroupNormShape shape = new GroupNormShape(1, n[0], n[1], n[2], MemoryFormat.CONTIGUOUS);
        GroupNormParameters parameters =
                new GroupNormParameters(1e-5, gaussian(n[0], random, 1, 0.5), gaussian(n[0], random, 0, 1));
        float[] input = gaussian(shape.size(), random, mean, 1);
        float[] output = new float[input.length];
        OPERATOR.normalize(shape, parameters, input, output);
        for (int i = 0; i < output.length; i++) {
            float moved = output[i] + (random.nextInt(5) - 2) * Math.ulp(output[i]);
            output[i] = type == TensorType.FLOAT32 ? moved : rounded(moved, type == TensorType.FLOAT16 ? 13 : 16);
        }
        return new Call(input, output, shape, parameters, Tolerance.of(type, contiguous, n[2]));
    }

    private static float rounded(float value, int bits) {
        return Float.intBitsToFloat((Float.floatToIntBits(value) + (1 << (bits - 1))) >> bits << bits);
    }

    private static float[] gaussian(int size, Random random, double mean, double deviation) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return values;
    }

    private static float[] repeated(float[] values, int times) {
        float[] all = new float[values.length * times];
        for (int i = 0; i < times; i++) {
            System.arraycopy(values, 0, all, i * values.length, values.length);
        }
        return all;
    }
}
