package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.model.ExpectedGroupNorm;
import dev.gnserve.model.ManifestReader;
import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Group Normalization of the plan channels-last, judged by float64. */
class ExactGroupNormTest {

    private static PyTorchBackend backend;

    @BeforeAll
    static void startEngine() {
        backend = PyTorchBackend.start(new EngineSettings(Device.CPU, 2));
    }

    @AfterAll
    static void closeEngine() {
        backend.close();
    }

    /** Sides that powers of two divide and that none divides, images and volumes, and pixels that have a channel each. */
    @ParameterizedTest
    @CsvSource({
        "0, 256, 256, 0",
        "1, 64, 64, 0",
        "10, 256, 256, 0",
        "1e3, 256, 256, 0",
        "1e4, 256, 256, 0",
        "1e4, 61, 67, 0",
        "1e4, 301, 151, 0",
        "1e4, 1, 1, 0",
        "100, 16, 24, 20",
        "1, 15, 7, 9"
    })
    void ofNoiseIsAsExactAsContiguous(double mean, int height, int width, int depth) throws IOException {
        TensorShape shape = depth > 0 ? TensorShape.of(16, depth, height, width) : TensorShape.of(16, height, width);
        int longest = Tolerance.longestSum(16, shape.elements() / 16);

        VerificationReport report = verify(noise(shape, mean), 3);

        assertThat(report.reason()).isNull();
        assertThat(report.verdict()).isEqualTo(Verdict.PASS);
        assertThat(report.calls())
                .hasSize(2)
                .allSatisfy(call -> assertThat(call.ratio() * (16 + longest / 2.0) / 16)
                        .as("with the bound of contiguous input")
                        .isLessThan(0.5));
    }

    /** Where most pixels are equal, each addition errs in the same direction. A client may send such tensors. */
    @ParameterizedTest
    @CsvSource({"1e6, 64, 1", "1e15, 64, 1", "1, 256, 65", "1e3, 256, 1", "1e6, 512, 3"})
    void passesWithPixelsThatOutweighTheOthers(float value, int side, int pixels) throws IOException {
        FloatTensor image = new FloatTensor(TensorShape.of(16, side, side), new float[16 * side * side]);
        for (int i = 0; i < 16 * pixels; i++) {
            image.values()[(int) ((long) i * side * side / pixels)] = value;
        }

        VerificationReport report = verify(image, 0);

        assertThat(report.reason()).isNull();
        assertThat(report.verdict()).isEqualTo(Verdict.PASS);
    }

    /** By hand from the loop of the plan: 16 channels of 256 x 256 are 1,024 of 1,024. */
    @Test
    void theSumsAreAsLongAsThoseOfThePlan() {
        assertThat(Tolerance.longestSum(16, 256 * 256)).isEqualTo(1024);
        assertThat(Tolerance.longestSum(16, 64 * 64)).isEqualTo(256);
        assertThat(Tolerance.longestSum(16, 768 * 768)).isEqualTo(4608);
        assertThat(Tolerance.longestSum(16, 61 * 67)).as("contiguous").isZero();
        assertThat(Tolerance.longestSum(512, 1)).isOne();
    }

    private static VerificationReport verify(FloatTensor image, int batch) throws IOException {
        int axes = image.shape().rank() - 1;
        try (ArchiveSnapshot archive = ArchiveSnapshot.of(Rewrites.written(network(axes)), "identity and norm");
                ModelVerifier verifier = new ModelVerifier(
                        new Engine(backend).scope("network"),
                        archive,
                        "network",
                        new BackendPlan(Device.CPU, 2, ExecutionPlan.CHANNELS_LAST),
                        ExpectedGroupNorm.ANY,
                        Decisions.of(
                                ManifestReader.read("model.yaml", "task: tensors\nwarmUp: {shapes: [[16, 8, 8]]}\n")),
                        Duration.ofMinutes(1))) {
            return verifier.verifyNow(image, batch);
        }
    }

    /** A convolution that changes nothing, then a norm with and one without weights. */
    private static ScriptModule network(int axes) {
        float[] identity = new float[16 * 16];
        float[] ramp = new float[16];
        for (int i = 0; i < 16; i++) {
            identity[17 * i] = 1;
            ramp[i] = 0.25f * i - 1;
        }
        String ones = axes == 3 ? "[1, 1, 1]" : "[1, 1]";
        String zeros = axes == 3 ? "[0, 0, 0]" : "[0, 0]";
        int[] shape = axes == 3 ? new int[] {16, 16, 1, 1, 1} : new int[] {16, 16, 1, 1};
        return ScriptModule.ofClass("Model")
                .parameter("kernel", identity, shape)
                .parameter("scale", ramp, 16)
                .parameter("shift", ramp, 16)
                .method(ScriptMethod.forward(
                        "y = torch.conv%dd(x, self.kernel, None, %s, %s, %s, 1)".formatted(axes, ones, zeros, ones),
                        "a = torch.group_norm(y, 4, self.scale, self.shift, 1e-05)",
                        "b = torch.group_norm(y, 8, None, None, 0.001)",
                        "return torch.add(a, b)"))
                .build();
    }

    private static FloatTensor noise(TensorShape shape, double mean) {
        Random random = new Random(7);
        float[] values = new float[shape.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (mean + random.nextGaussian());
        }
        return new FloatTensor(shape, values);
    }
}
