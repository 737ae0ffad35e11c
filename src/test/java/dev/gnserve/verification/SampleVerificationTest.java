package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.NormalizationLayer;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.archive.Samples;
import dev.gnserve.archive.TappedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TappedCall;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.djl.Archives;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import dev.gnserve.model.ExpectedGroupNorm;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Archives of PyTorch 2.13, run by the engine. */
class SampleVerificationTest {

    private static PyTorchBackend engine;

    @BeforeAll
    static void start() {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void stop() {
        engine.close();
    }

    static Stream<String> samples() {
        return Samples.NAMES.stream();
    }

    @ParameterizedTest
    @MethodSource("samples")
    void outputsAreThoseOfPyTorchAndTappingChangesNoBit(String name) {
        Npz recorded = Npz.read(Samples.bytes(name + ".npz"));
        TorchScriptArchive archive = Samples.archive(name);
        List<FloatTensor> input = List.of(recorded.tensor("input"));
        Map<String, Tensor> plain;
        try (PyTorchModel model = Archives.load(engine, archive, name)) {
            plain = model.newSession().call("forward", input);
        }
        Map<String, Tensor> tapped;
        try (PyTorchModel model =
                Archives.load(engine, TappedArchive.of(archive).archive(), name)) {
            tapped = model.newTappedSession(false).run(input.get(0), Long.MAX_VALUE, call -> {});
        }

        assertThat(tapped.keySet()).isEqualTo(plain.keySet());
        plain.forEach((output, tensor) -> {
            float[] values = tensor.floats();
            assertThat(tapped.get(output).floats()).as(output).isEqualTo(values);
            float[] expected = recorded.floats(plain.size() == 1 ? "output" : output);
            assertThat(values).as(output).hasSameSizeAs(expected);
            for (int i = 0; i < values.length; i++) {
                assertThat(Math.abs(values[i] - expected[i])).as(output).isLessThanOrEqualTo(1e-5f);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("samples")
    void everyCallIsCheckedAndPasses(String name) throws IOException {
        FloatTensor recorded = Npz.read(Samples.bytes(name + ".npz")).tensor("input");
        TorchScriptArchive archive = Samples.archive(name);

        VerificationReport report = verify(archive, firstOf(recorded), 4);

        if (name.equals("no-norm-traced")) {
            assertThat(report.verdict()).isEqualTo(Verdict.NOT_APPLICABLE);
            assertThat(report.reason()).contains("no normalization layer");
            return;
        }
        if (name.equals("batch-norm-scripted")) {
            assertThat(report.verdict()).isEqualTo(Verdict.NOT_APPLICABLE);
            assertThat(report.reason()).contains("1 of batch-norm");
            assertThat(report.unverified()).extracting(UnverifiedLayer::layer).containsExactly("n");
            return;
        }
        assertThat(report.reason()).isNull();
        assertThat(report.verdict()).isEqualTo(Verdict.PASS);
        assertThat(report.calls())
                .allSatisfy(call -> assertThat(call.maxAbsoluteError()).isLessThanOrEqualTo(call.tolerance()));
        assertThat(report.calls().stream().map(CallCheck::layer).distinct())
                .containsExactlyInAnyOrderElementsOf(archive.normalizations().stream()
                        .filter(NormalizationLayer::verifiable)
                        .map(NormalizationLayer::name)
                        .toList());
        assertThat(report.batchInvariance().verdict()).isEqualTo(Verdict.PASS);
        List<String> expected = modulesCalled(name);
        if (!expected.isEmpty() && !name.contains("frozen")) {
            assertThat(report.calls()).extracting(CallCheck::layer).containsExactlyElementsOf(expected);
        }
    }

    /**
     * Enums as attributes; forward hooks, which call a module's method as if it were a function; and forks, whose calls
     * run on other threads.
     */
    @ParameterizedTest
    @CsvSource({
        "enum-scripted, norm",
        "hook-scripted, inner.norm inner.group_norm",
        "fork-scripted, norms.0 norms.1 norms.2 normalize_twice.1 normalize_twice.2",
        "centred-scripted, 1",
        "mobile-scripted, group_norm"
    })
    void unusualConstructsOfTheScripterAreTapped(String name, String layers) throws IOException {
        TorchScriptArchive archive;
        try (InputStream in = getClass().getResourceAsStream("/torchscript/" + name + ".pt")) {
            archive = TorchScriptArchive.of(in.readAllBytes());
        }
        float[] values = new float[3 * 16 * 16];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 13;
        }
        FloatTensor image = Tensor.of(values, 3, 16, 16);
        Map<String, Tensor> plain;
        try (PyTorchModel model = Archives.load(engine, archive, name)) {
            plain = model.newSession().call("forward", List.of(Tensor.of(values, 1, 3, 16, 16)));
        }
        Map<String, Tensor> tapped;
        try (PyTorchModel model =
                Archives.load(engine, TappedArchive.of(archive).archive(), name)) {
            tapped = model.newTappedSession(false).run(Tensor.of(values, 1, 3, 16, 16), Long.MAX_VALUE, call -> {});
        }

        VerificationReport report = verify(archive, image, 2);

        assertThat(((FloatTensor) tapped.get("output")).values())
                .isEqualTo(((FloatTensor) plain.get("output")).values());
        assertThat(report.reason()).isNull();
        assertThat(report.unverified()).isEmpty();
        assertThat(report.calls()).extracting(CallCheck::layer).containsExactly(layers.split(" "));
    }

    @Test
    void anUnknownOperatorIsReplacedAndNamed() {
        try (PyTorchModel model = Archives.load(engine, Samples.archive("resize-scripted"), "resize")) {
            assertThat(model.replacements()).hasSize(1);
            RepairedArchive.Replacement replacement = model.replacements().get(0);
            assertThat(replacement.operator()).isEqualTo("aten::_upsample_lanczos2d_aa");
            assertThat(replacement.calls()).isEqualTo(1);
            assertThat(replacement.defined()).isFalse();
        }
    }

    /** With room for hardly one call, the model runs once per call; what is checked is the same. */
    @Test
    void memoryForTapsIsBoundedAndNoCallIsLost() {
        FloatTensor input = Npz.read(Samples.bytes("shared-head-scripted.npz")).tensor("input");
        TappedArchive tapped = TappedArchive.of(Samples.archive("shared-head-scripted"));
        List<TappedCall> all = new ArrayList<>();
        List<TappedCall> one = new ArrayList<>();
        try (PyTorchModel model = Archives.load(engine, tapped.archive(), "tapped")) {
            model.newTappedSession(false).run(input, Long.MAX_VALUE, all::add);
            model.newTappedSession(false).run(input, 20_000, one::add);
        }

        assertThat(all).hasSize(7);
        assertThat(one)
                .extracting(TappedCall::header)
                .isEqualTo(all.stream().map(TappedCall::header).toList());
        for (int i = 0; i < all.size(); i++) {
            assertThat(one.get(i).output().values())
                    .isEqualTo(all.get(i).output().values());
        }
    }

    @Test
    void noNativeArrayOfAVerificationStaysOpen() throws IOException {
        int before = engine.openArrays();
        FloatTensor input = Npz.read(Samples.bytes("chain-traced.npz")).tensor("input");

        verify(Samples.archive("chain-traced"), firstOf(input), 2);

        assertThat(engine.openArrays()).isEqualTo(before);
    }

    private static VerificationReport verify(TorchScriptArchive archive, FloatTensor image, int batch)
            throws IOException {
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.of(archive, "sample");
                ModelVerifier verifier = new ModelVerifier(
                        new Engine(engine).scope("sample"),
                        snapshot,
                        "sample",
                        BackendPlan.CPU,
                        ExpectedGroupNorm.ANY,
                        Decisions.HIGHEST,
                        Duration.ofMinutes(1))) {
            return verifier.verifyNow(image, batch);
        }
    }

    private static FloatTensor firstOf(FloatTensor batch) {
        float[] values = Arrays.copyOf(
                batch.values(), batch.values().length / batch.shape().size(0));
        return new FloatTensor(batch.shape().withoutFirst(), values);
    }

    private static List<String> modulesCalled(String name) {
        List<String> layers = new ArrayList<>();
        for (JsonNode sample : JsonMapper.shared().readTree(Samples.bytes("cases.json"))) {
            if (sample.get("name").asString().equals(name)) {
                sample.get("module_groupnorm_calls")
                        .forEach(call -> layers.add(call.get("layer").asString()));
            }
        }
        return layers;
    }
}
