package dev.gnserve.norm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every kernel, and the reference itself, against values that NumPy computed in float64. */
@Tag("kernel")
@ParameterizedClass(name = "{0}")
@MethodSource("kernels")
class GoldenGroupNormTest {

    private static final double U = Math.scalb(1.0, -24);

    @Parameter
    GroupNormKernel kernel;

    static Stream<GroupNormKernel> kernels() {
        return Kernels.groupNorm();
    }

    /** One golden case; weight and bias are empty without affine. */
    record Golden(String name, GroupNormShape contiguous, double epsilon, boolean affine) {

        @Override
        public String toString() {
            return name;
        }

        GroupNormShape shape(MemoryFormat format) {
            return new GroupNormShape(
                    contiguous.batch(), contiguous.channels(), contiguous.groups(), contiguous.positions(), format);
        }
    }

    static Stream<Golden> cases() throws IOException {
        try (InputStream in = resource("cases.json")) {
            return JsonMapper.shared().readTree(in).valueStream().map(GoldenGroupNormTest::golden);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isWithinFourRoundingErrorsOfFloat64(Golden golden) throws IOException {
        Npz npz = npz(golden);
        float[] input = npz.floats("input");
        double[] expected = npz.doubles("expected");
        GroupNormParameters parameters = parameters(golden, npz);
        GroupNormShape shape = golden.shape(MemoryFormat.CONTIGUOUS);
        float[] output = new float[input.length];
        GroupNormStatistics statistics = GroupNormStatistics.of(shape);

        new GroupNorm(kernel).normalize(shape, parameters, input, 0, output, 0, statistics);

        double worst = 0;
        for (int i = 0; i < output.length; i++) {
            int channel = i / shape.positions() % shape.channels();
            worst = Math.max(worst, Math.abs(output[i] - expected[i]) / tolerance(parameters, channel, expected[i]));
        }
        assertThat(worst).isLessThanOrEqualTo(1);
        assertStatistics(statistics, npz);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isAsExactChannelsLast(Golden golden) throws IOException {
        Npz npz = npz(golden);
        float[] contiguous = npz.floats("input");
        double[] expected = npz.doubles("expected");
        GroupNormParameters parameters = parameters(golden, npz);
        GroupNormShape from = golden.shape(MemoryFormat.CONTIGUOUS);
        GroupNormShape shape = golden.shape(MemoryFormat.CHANNELS_LAST);
        float[] input = new float[contiguous.length];
        for (int sample = 0; sample < shape.batch(); sample++) {
            for (int channel = 0; channel < shape.channels(); channel++) {
                for (int position = 0; position < shape.positions(); position++) {
                    input[shape.indexOf(sample, channel, position)] =
                            contiguous[from.indexOf(sample, channel, position)];
                }
            }
        }
        float[] output = new float[input.length];
        GroupNormStatistics statistics = GroupNormStatistics.of(shape);

        new GroupNorm(kernel).normalize(shape, parameters, input, 0, output, 0, statistics);

        double worst = 0;
        for (int sample = 0; sample < shape.batch(); sample++) {
            for (int channel = 0; channel < shape.channels(); channel++) {
                for (int position = 0; position < shape.positions(); position++) {
                    double value = expected[from.indexOf(sample, channel, position)];
                    double error = Math.abs(output[shape.indexOf(sample, channel, position)] - value);
                    worst = Math.max(worst, error / tolerance(parameters, channel, value));
                }
            }
        }
        assertThat(worst).isLessThanOrEqualTo(1);
        assertStatistics(statistics, npz);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theReferenceIsFloat64(Golden golden) throws IOException {
        Npz npz = npz(golden);
        double[] expected = npz.doubles("expected");

        double[] result = new GroupNormReference(golden.shape(MemoryFormat.CONTIGUOUS), parameters(golden, npz))
                .normalize(npz.floats("input"), 0);

        double meanOverDeviation =
                Arrays.stream(npz.doubles("mean")).map(Math::abs).max().orElse(0)
                        * Arrays.stream(npz.doubles("rstd")).max().orElse(0);
        double worst = 0;
        for (int i = 0; i < result.length; i++) {
            worst = Math.max(worst, Math.abs(result[i] - expected[i]) / Math.max(1, Math.abs(expected[i])));
        }
        assertThat(worst).isLessThanOrEqualTo(1e-13 * Math.max(1, meanOverDeviation));
    }

    private static double tolerance(GroupNormParameters parameters, int channel, double expected) {
        return 4 * U * Math.max(Math.abs(expected), 1) * Math.abs(parameters.weight(channel))
                + U * Math.abs(parameters.bias(channel));
    }

    private static void assertStatistics(GroupNormStatistics statistics, Npz npz) {
        double[] mean = npz.doubles("mean");
        double[] rstd = npz.doubles("rstd");
        for (int group = 0; group < mean.length; group++) {
            assertThat(Math.abs(statistics.mean()[group] - mean[group])).isLessThanOrEqualTo(1.2e-7 / rstd[group]);
            assertThat(Math.abs(statistics.rstd()[group] / rstd[group] - 1)).isLessThanOrEqualTo(1.2e-7);
        }
    }

    private static GroupNormParameters parameters(Golden golden, Npz npz) {
        return golden.affine()
                ? new GroupNormParameters(golden.epsilon(), npz.floats("weight"), npz.floats("bias"))
                : GroupNormParameters.withoutAffine(golden.epsilon());
    }

    private static Golden golden(JsonNode node) {
        return new Golden(
                node.get("name").stringValue(),
                GroupNormShape.of(
                        node.get("shape")
                                .valueStream()
                                .mapToLong(JsonNode::longValue)
                                .toArray(),
                        node.get("groups").intValue(),
                        MemoryFormat.CONTIGUOUS),
                node.get("eps").doubleValue(),
                node.get("affine").booleanValue());
    }

    private static Npz npz(Golden golden) throws IOException {
        try (InputStream in = resource(golden.name() + ".npz")) {
            return Npz.read(in.readAllBytes());
        }
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(GoldenGroupNormTest.class.getResourceAsStream("/golden/groupnorm/" + name), name);
    }
}
