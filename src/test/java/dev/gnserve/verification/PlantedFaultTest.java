package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.Samples;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.model.ExpectedGroupNorm;
import dev.gnserve.numpy.Npz;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Faults that a server would not notice, each run by the engine. */
class PlantedFaultTest {

    private static final String NORMALIZATION = "code/__torch__/torch/nn/modules/normalization/___torch_mangle_";
    private static final String FUNCTIONAL = "code/__torch__/torch/nn/functional.py";

    private static PyTorchBackend engine;

    @BeforeAll
    static void start() throws IOException {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void stop() throws IOException {
        engine.close();
    }

    @Test
    void anotherEpsilonThanDeclaredIsCaught() throws IOException {
        TorchScriptArchive chain = Samples.archive("chain-scripted");

        VerificationReport report = verifyChain(
                Rewrites.code(chain, FUNCTIONAL, "num_groups, weight, bias, eps)", "num_groups, weight, bias, 0.001)"));

        // body.1.norm declares 0.001 itself.
        assertFailing(report, "stem.norm", "body.0.norm");
        assertThat(report.reason()).contains("declares epsilon 1.0E-5, but the layer ran with 0.001");
    }

    @Test
    void anotherNumberOfGroupsThanDeclaredIsCaught() throws IOException {
        TorchScriptArchive chain = Samples.archive("chain-scripted");

        VerificationReport report =
                verifyChain(Rewrites.code(chain, NORMALIZATION + "25.py", "_0(input, 8, ", "_0(input, 4, "));

        assertFailing(report, "body.1.norm");
        CallCheck check = report.calls().get(2);
        assertThat(check.reason()).contains("declares 8 groups, but the layer ran with 4");
        assertThat(check.maxAbsoluteError()).isGreaterThan(100 * check.tolerance());
    }

    @Test
    void theWeightsOfTwoChannelsSwappedAreCaught() throws IOException {
        TorchScriptArchive chain = Samples.archive("chain-scripted");

        VerificationReport report =
                verifyChain(Rewrites.code(chain, NORMALIZATION + "25.py", "    weight = self.weight\n", """
                    own = self.weight
                    weight = torch.cat([torch.slice(own, 0, 1, 2), torch.slice(own, 0, 0, 1), torch.slice(own, 0, 2)])
                """));

        assertFailing(report, "body.1.norm");
        CallCheck check = report.calls().get(2);
        assertThat(check.reason()).contains("weight[0] is ");
        assertThat(check.maxAbsoluteError()).isGreaterThan(10 * check.tolerance());
        assertThat(check.worstIndex().get(1)).isBetween(0, 1);
    }

    /** The engine's own kernel, with nothing changed but the layout of its input. */
    @ParameterizedTest
    @ValueSource(doubles = {100, 1000})
    void channelsLastWithALargeMeanIsCaught(double mean) throws IOException {
        VerificationReport report = verify(groupNorm(true), normal(new Random(1), mean, 32, 24, 24), 0);

        assertFailing(report, "norm");
        assertThat(report.reason()).contains("channels-last");
    }

    @Test
    void channelsLastWithASmallMeanPasses() throws IOException {
        Random random = new Random(2);
        for (double mean : new double[] {0, 0.5, 1, 2}) {
            for (int size : new int[] {1, 7, 24, 128}) {
                VerificationReport report = verify(groupNorm(true), normal(random, mean, 32, size, size), 0);
                assertThat(report.reason()).isNull();
                assertThat(report.verdict()).isEqualTo(Verdict.PASS);
            }
        }
    }

    @Test
    void aFlippedBitInAWeightOnDiskIsCaught() throws IOException {
        // The engine loads it without a warning.
        TorchScriptArchive chain = Samples.archive("chain-scripted");
        String entry = chain.parameters().stream()
                .filter(parameter -> parameter.name().equals("body.0.norm.weight"))
                .findFirst()
                .orElseThrow()
                .tensor()
                .storage();

        VerificationReport report = verifyChain(ArchiveSnapshot.read(
                new ByteArrayInputStream(Rewrites.bytesWithBitFlippedIn(chain, entry)), "flipped"));

        assertFailing(report, "body.0.norm");
        assertThat(report.reason()).contains("weight is corrupt").contains(entry);
    }

    @Test
    void aFlippedBitInAnotherParameterFailsTheArchive() throws IOException {
        TorchScriptArchive chain = Samples.archive("chain-scripted");
        String entry = chain.parameters().stream()
                .filter(parameter -> parameter.name().equals("stem.conv.weight"))
                .findFirst()
                .orElseThrow()
                .tensor()
                .storage();

        VerificationReport report = verifyChain(ArchiveSnapshot.read(
                new ByteArrayInputStream(Rewrites.bytesWithBitFlippedIn(chain, entry)), "flipped"));

        assertThat(report.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(report.reason()).contains("stem.conv.weight");
    }

    @Test
    void aModelThatMixesItsBatchIsCaught() throws IOException {
        ScriptModule module = ScriptModule.ofClass("Mixing")
                .method(ScriptMethod.forward("return torch.sub(x, torch.mean(x, [0], True))"))
                .build();

        VerificationReport report = verify(Rewrites.written(module), normal(new Random(3), 0, 4, 8, 8), 4);

        assertThat(report.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(report.batchInvariance().verdict()).isEqualTo(Verdict.FAIL);
        assertThat(report.batchInvariance().bitIdentical()).isFalse();
    }

    /** Shapes and means as they come, in the layout that the engine's kernel is stable for. */
    @Test
    void aThousandCorrectCallsPass() throws IOException {
        Random random = new Random(20180322);
        TorchScriptArchive archive = groupNorm(false);
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.of(archive, "sample");
                ModelVerifier verifier = new ModelVerifier(
                        new Engine(engine).scope("sample"),
                        snapshot,
                        "norm",
                        BackendPlan.CPU,
                        ExpectedGroupNorm.ANY,
                        Decisions.HIGHEST,
                        Duration.ofMinutes(1))) {
            for (int round = 0; round < 1000; round++) {
                double mean = Math.pow(10, 8 * random.nextDouble() - 4) * (random.nextBoolean() ? 1 : -1);
                int height = 1 + random.nextInt(40);
                int width = 1 + random.nextInt(40);
                VerificationReport report = verifier.verifyNow(normal(random, mean, 32, height, width), 0);
                assertThat(report.reason())
                        .as("round %d: mean %s, %d x %d", round, mean, height, width)
                        .isNull();
                assertThat(report.calls()).hasSize(1);
            }
        }
    }

    private static VerificationReport verifyChain(TorchScriptArchive archive) throws IOException {
        return verifyChain(ArchiveSnapshot.of(archive, "chain"));
    }

    private static VerificationReport verifyChain(ArchiveSnapshot archive) {
        FloatTensor input = Npz.read(Samples.bytes("chain-scripted.npz")).tensor("input");
        float[] first = java.util.Arrays.copyOf(input.values(), input.values().length / 2);
        return verify(archive, new FloatTensor(input.shape().withoutFirst(), first), 0);
    }

    private static VerificationReport verify(TorchScriptArchive archive, FloatTensor image, int batch)
            throws IOException {
        return verify(ArchiveSnapshot.of(archive, "planted"), image, batch);
    }

    private static VerificationReport verify(ArchiveSnapshot archive, FloatTensor image, int batch) {
        try (archive;
                ModelVerifier verifier = new ModelVerifier(
                        new Engine(engine).scope("planted"),
                        archive,
                        "planted",
                        BackendPlan.CPU,
                        ExpectedGroupNorm.ANY,
                        Decisions.HIGHEST,
                        Duration.ofMinutes(1))) {
            return verifier.verifyNow(image, batch);
        }
    }

    private static void assertFailing(VerificationReport report, String... layers) throws IOException {
        assertThat(report.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(report.calls().stream()
                        .filter(call -> call.verdict() == Verdict.FAIL)
                        .map(CallCheck::layer))
                .containsExactly(layers);
    }

    /** A model of one GroupNorm over 32 channels. */
    private static TorchScriptArchive groupNorm(boolean channelsLast) throws IOException {
        Random random = new Random(7);
        float[] weight = new float[32];
        float[] bias = new float[32];
        for (int i = 0; i < 32; i++) {
            weight[i] = 1 + (float) random.nextGaussian() / 2;
            bias[i] = (float) random.nextGaussian();
        }
        ScriptModule norm = ScriptModule.ofClass("GroupNorm")
                .parameter("weight", weight, 32)
                .parameter("bias", bias, 32)
                .constant("num_groups", 8)
                .constant("eps", 1e-5)
                .method(ScriptMethod.forward("return torch.group_norm(x, 8, self.weight, self.bias, 1e-05)"))
                .build();
        return Rewrites.written(ScriptModule.ofClass("Model")
                .child("norm", norm)
                .method(ScriptMethod.forward(
                        channelsLast
                                ? "return (self.norm).forward(torch.contiguous(x, memory_format=2), )"
                                : "return (self.norm).forward(x, )"))
                .build());
    }

    /** Values around a mean with deviation 1. */
    private static FloatTensor normal(Random random, double mean, int... shape) throws IOException {
        FloatTensor tensor = Tensor.of(new float[java.util.Arrays.stream(shape).reduce(1, Math::multiplyExact)], shape);
        for (int i = 0; i < tensor.values().length; i++) {
            tensor.values()[i] = (float) (mean + random.nextGaussian());
        }
        return tensor;
    }
}
