package dev.gnserve.norm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The promises of the operator, with every kernel, compared with the float64 reference. */
@Tag("kernel")
@ParameterizedClass(name = "{0}")
@MethodSource("kernels")
class GroupNormTest {

    private static final double U = Math.scalb(1.0, -24);

    @Parameter
    GroupNormKernel kernel;

    static Stream<GroupNormKernel> kernels() {
        return Kernels.groupNorm();
    }

    /** Every rank, the extremes of G, lane boundaries and primes, one block and several with a rest. */
    static Stream<int[]> shapes() {
        return Stream.of(
                new int[] {1, 1, 1, 1},
                new int[] {3, 6, 2, 1},
                new int[] {2, 48, 6, 1},
                new int[] {2, 12, 3, 7},
                new int[] {1, 8, 1, 15},
                new int[] {1, 8, 8, 16},
                new int[] {2, 8, 4, 17},
                new int[] {1, 5, 5, 31},
                new int[] {1, 3, 1, 61},
                new int[] {1, 2, 1, 32},
                new int[] {1, 66, 33, 64},
                new int[] {1, 4, 2, 65},
                new int[] {1, 2, 1, 1024},
                new int[] {1, 4, 2, 255},
                new int[] {1, 4, 2, 256},
                new int[] {1, 4, 2, 275},
                new int[] {1, 1, 1, 2047},
                new int[] {1, 1, 1, 2049},
                new int[] {1, 6, 2, 1021},
                new int[] {2, 34, 17, 131},
                new int[] {1, 16, 2, 4999});
    }

    private GroupNorm operator() {
        return new GroupNorm(kernel);
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void agreesWithTheReferenceInBothFormats(int[] n) {
        for (MemoryFormat format : MemoryFormat.values()) {
            GroupNormShape shape = new GroupNormShape(n[0], n[1], n[2], n[3], format);
            GroupNormParameters parameters = parameters(shape, 1);
            assertAgrees(shape, parameters, gaussian(shape.size(), 2, 0, 1));
            assertAgrees(shape, GroupNormParameters.withoutAffine(1e-3), gaussian(shape.size(), 3, 5, 2));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1, 10, 100, 1e3, 1e4, 1e5, -1e4})
    void isExactForALargeMean(double mean) {
        for (MemoryFormat format : MemoryFormat.values()) {
            GroupNormShape shape = new GroupNormShape(2, 16, 4, 1500, format);
            assertAgrees(shape, parameters(shape, 4), gaussian(shape.size(), 5, mean, 1));
        }
    }

    @Test
    void isExactForChannelsAndBordersOfVeryDifferentLevels() {
        for (MemoryFormat format : MemoryFormat.values()) {
            GroupNormShape shape = new GroupNormShape(1, 8, 2, 4096, format);
            float[] input = gaussian(shape.size(), 6, 0, 1);
            for (int i = 0; i < input.length; i++) {
                input[i] = i % 4096 < 64 ? 0 : input[i] + 1000f * (1 + i / 4096 % 3);
            }
            assertAgrees(shape, parameters(shape, 7), input);
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 1, -3.1f, 1e-20f, 16777216f, 1e30f})
    void aConstantGroupBecomesItsBiasExactly(float value) {
        for (MemoryFormat format : MemoryFormat.values()) {
            GroupNormShape shape = new GroupNormShape(1, 6, 3, 1025, format);
            GroupNormParameters parameters = parameters(shape, 8);
            float[] input = new float[shape.size()];
            Arrays.fill(input, value);
            float[] output = new float[shape.size()];
            GroupNormStatistics statistics = GroupNormStatistics.of(shape);

            operator().normalize(shape, parameters, input, 0, output, 0, statistics);

            float[] biases = new float[shape.size()];
            for (int channel = 0; channel < shape.channels(); channel++) {
                for (int position = 0; position < shape.positions(); position++) {
                    biases[shape.indexOf(0, channel, position)] = parameters.bias()[channel];
                }
            }
            assertThat(output).isEqualTo(biases);
            assertThat(statistics.mean()).containsOnly(value);
            assertThat(statistics.rstd()).containsOnly(1 / Math.sqrt(parameters.epsilon()));
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void nanAndInfinityStayInTheirGroup(float poison) {
        for (MemoryFormat format : MemoryFormat.values()) {
            GroupNormShape shape = new GroupNormShape(2, 8, 4, 100, format);
            GroupNormParameters parameters = parameters(shape, 9);
            float[] input = gaussian(shape.size(), 10, 0, 1);
            float[] clean = new float[shape.size()];
            operator().normalize(shape, parameters, input, clean);
            input[shape.indexOf(1, 5, 42)] = poison;
            float[] output = new float[shape.size()];

            operator().normalize(shape, parameters, input, output);

            for (int channel = 4; channel < 6; channel++) {
                for (int position = 0; position < shape.positions(); position++) {
                    clean[shape.indexOf(1, channel, position)] = Float.NaN;
                }
            }
            assertThat(output).isEqualTo(clean);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e12, 1e19, 1e25, 1e37})
    void valuesThatFloat32CannotSquareAreNormalizedToo(double scale) {
        for (MemoryFormat format : MemoryFormat.values()) {
            GroupNormShape shape = new GroupNormShape(1, 8, 4, 300, format);
            float[] input = gaussian(shape.size(), 11, 0, 1);
            for (int i = 0; i < input.length; i++) {
                // Ordinary and huge groups side by side.
                input[i] = i % 2 == 0 ? (float) (input[i] * scale) : input[i];
            }
            assertAgrees(shape, parameters(shape, 12), input);
        }
    }

    @Test
    void tinyDeviationsAreNormalizedWithoutEpsilon() {
        GroupNormShape shape = new GroupNormShape(1, 4, 2, 300, MemoryFormat.CONTIGUOUS);
        assertAgrees(shape, GroupNormParameters.withoutAffine(0), gaussian(shape.size(), 13, 0, 1e-25));
    }

    @ParameterizedTest
    @EnumSource
    void aSampleGivesTheSameBitsInAnyBatchAndPlace(MemoryFormat format) {
        GroupNormShape one = new GroupNormShape(1, 32, 8, 77, format);
        GroupNormShape five = new GroupNormShape(5, 32, 8, 77, format);
        GroupNormParameters parameters = parameters(one, 14);
        float[] batch = gaussian(five.size(), 15, 3, 1);
        float[] outputs = new float[five.size()];

        operator().normalize(five, parameters, batch, outputs);

        for (int sample = 0; sample < 5; sample++) {
            float[] alone = new float[one.size()];
            operator().normalize(one, parameters, batch, sample * one.size(), alone, 0, null);
            assertThat(alone).isEqualTo(Arrays.copyOfRange(outputs, sample * one.size(), (sample + 1) * one.size()));
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void givesTheBitsOfTheScalarKernel(int[] n) {
        for (MemoryFormat format : MemoryFormat.values()) {
            GroupNormShape shape = new GroupNormShape(n[0], n[1], n[2], n[3], format);
            GroupNormParameters parameters = parameters(shape, 16);
            float[] input = gaussian(shape.size(), 17, 0.3, 1);
            float[] ours = new float[shape.size()];
            float[] scalars = new float[shape.size()];
            GroupNormStatistics ourStatistics = GroupNormStatistics.of(shape);
            GroupNormStatistics scalarStatistics = GroupNormStatistics.of(shape);

            operator().normalize(shape, parameters, input, 0, ours, 0, ourStatistics);
            new GroupNorm(new ScalarGroupNormKernel())
                    .normalize(shape, parameters, input, 0, scalars, 0, scalarStatistics);

            assertThat(ours).isEqualTo(scalars);
            assertThat(ourStatistics.mean()).isEqualTo(scalarStatistics.mean());
            assertThat(ourStatistics.rstd()).isEqualTo(scalarStatistics.rstd());
        }
    }

    @ParameterizedTest
    @EnumSource
    void bfloat16InputGivesTheBitsOfItsWidenedValues(MemoryFormat format) {
        GroupNormShape shape = new GroupNormShape(2, 12, 3, 345, format);
        GroupNormParameters parameters = parameters(shape, 18);
        float[] values = gaussian(shape.size(), 19, 1, 1);
        short[] bfloat16 = new short[shape.size() + 3];
        float[] widened = new float[shape.size()];
        for (int i = 0; i < widened.length; i++) {
            bfloat16[i + 3] = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
            widened[i] = Float.intBitsToFloat(Float.floatToRawIntBits(values[i]) & 0xFFFF0000);
        }
        float[] expected = new float[shape.size()];
        operator().normalize(shape, parameters, widened, expected);
        float[] output = new float[shape.size() + 5];

        operator().normalize(shape, parameters, bfloat16, 3, output, 5, null);

        assertThat(Arrays.copyOfRange(output, 5, output.length)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"CONTIGUOUS, 37", "CONTIGUOUS, 333", "CHANNELS_LAST, 37"})
    void staysWithinItsRangeAtAwkwardOffsetsAndWorksInPlace(MemoryFormat format, int positions) {
        GroupNormShape shape = new GroupNormShape(2, 10, 5, positions, format);
        GroupNormParameters parameters = parameters(shape, 20);
        float[] input = gaussian(shape.size(), 21, 0, 1);
        float[] expected = new float[shape.size()];
        operator().normalize(shape, parameters, input, expected);
        for (int offset : new int[] {1, 3, 17}) {
            float[] framed = new float[shape.size() + 2 * offset];
            Arrays.fill(framed, -77);
            System.arraycopy(input, 0, framed, offset, input.length);
            float[] output = new float[framed.length + 1];
            Arrays.fill(output, -77);

            operator().normalize(shape, parameters, framed, offset, output, offset + 1, null);
            operator().normalize(shape, parameters, framed, offset, framed, offset, null);

            assertThat(Arrays.copyOfRange(output, offset + 1, offset + 1 + input.length))
                    .isEqualTo(expected);
            assertThat(Arrays.copyOf(output, offset + 1)).containsOnly(-77);
            assertThat(Arrays.copyOfRange(output, offset + 1 + input.length, output.length))
                    .containsOnly(-77);
            assertThat(Arrays.copyOfRange(framed, offset, offset + input.length))
                    .isEqualTo(expected);
            assertThat(Arrays.copyOf(framed, offset)).containsOnly(-77);
            assertThat(Arrays.copyOfRange(framed, offset + input.length, framed.length))
                    .containsOnly(-77);
        }
    }

    @Test
    void emptyBatchesAndSpacesGiveEmptyResults() {
        for (MemoryFormat format : MemoryFormat.values()) {
            for (int[] n : new int[][] {{0, 4, 2, 3}, {2, 4, 2, 0}, {2, 0, 1, 3}, {0, 0, 5, 0}}) {
                GroupNormShape shape = new GroupNormShape(n[0], n[1], n[2], n[3], format);
                GroupNormStatistics statistics = GroupNormStatistics.of(shape);

                operator()
                        .normalize(
                                shape,
                                GroupNormParameters.withoutAffine(1e-5),
                                new float[0],
                                0,
                                new float[0],
                                0,
                                statistics);

                double[] nans = new double[n[0] * n[2]];
                Arrays.fill(nans, Double.NaN);
                assertThat(statistics.mean()).isEqualTo(nans);
                assertThat(statistics.rstd()).isEqualTo(nans);
            }
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        GroupNormShape shape = new GroupNormShape(1, 4, 2, 5, MemoryFormat.CONTIGUOUS);
        GroupNormParameters plain = GroupNormParameters.withoutAffine(1e-5);
        float[] values = new float[30];
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        operator().normalize(shape, new GroupNormParameters(1e-5, new float[3], null), values, values))
                .withMessageContaining("weight of shape [3]")
                .withMessageContaining("4 channels");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        operator().normalize(shape, new GroupNormParameters(1e-5, null, new float[5]), values, values))
                .withMessageContaining("bias of shape [5]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> operator().normalize(shape, plain, values, 0, values, 7, null))
                .withMessageContaining("overlap");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> operator()
                        .normalize(
                                shape,
                                plain,
                                values,
                                0,
                                new float[20],
                                0,
                                new GroupNormStatistics(new double[1], new double[2])))
                .withMessageContaining("2 groups");
        assertThatThrownBy(() -> operator().normalize(shape, plain, values, 11, new float[20], 0, null))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> operator().normalize(shape, plain, values, 0, new float[20], 1, null))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> operator().normalize(shape, plain, new short[19], 0, values, 0, null))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    private void assertAgrees(GroupNormShape shape, GroupNormParameters parameters, float[] input) {
        float[] output = new float[shape.size()];
        GroupNormStatistics statistics = GroupNormStatistics.of(shape);

        operator().normalize(shape, parameters, input, 0, output, 0, statistics);

        GroupNormReference reference = new GroupNormReference(shape, parameters);
        double[] expected = reference.normalize(input, 0);
        GroupNormStatistics expectedStatistics = reference.statistics(input, 0);
        double worst = 0;
        for (int sample = 0; sample < shape.batch(); sample++) {
            for (int channel = 0; channel < shape.channels(); channel++) {
                double weight = Math.max(Math.abs(parameters.weight(channel)), 0.75);
                double bias = Math.abs(parameters.bias(channel));
                for (int position = 0; position < shape.positions(); position++) {
                    int i = shape.indexOf(sample, channel, position);
                    double tolerance = 4 * U * Math.max(Math.abs(expected[i]), 1) * weight + U * bias;
                    worst = Math.max(worst, Math.abs(output[i] - expected[i]) / tolerance);
                }
            }
        }
        assertThat(worst)
                .as("largest error, as a share of what is tolerated, for %s", shape)
                .isLessThanOrEqualTo(1);
        for (int group = 0; group < shape.totalGroups(); group++) {
            double rstd = expectedStatistics.rstd()[group];
            double deviation = 1 / rstd;
            assertThat(Math.abs(statistics.mean()[group] - expectedStatistics.mean()[group]))
                    .isLessThanOrEqualTo(
                            1.2e-7 * deviation + 1e-15 * Math.abs(statistics.mean()[group]));
            assertThat(Math.abs(statistics.rstd()[group] - rstd)).isLessThanOrEqualTo(1.2e-7 * rstd);
        }
    }

    private static GroupNormParameters parameters(GroupNormShape shape, int seed) {
        Random random = new Random(seed);
        float[] weight = new float[shape.channels()];
        float[] bias = new float[shape.channels()];
        for (int channel = 0; channel < weight.length; channel++) {
            weight[channel] = 0.5f + random.nextFloat();
            bias[channel] = 2 * random.nextFloat() - 1;
        }
        return new GroupNormParameters(1e-5, weight, bias);
    }

    private static float[] gaussian(int size, int seed, double mean, double deviation) {
        Random random = new Random(seed);
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return values;
    }
}
