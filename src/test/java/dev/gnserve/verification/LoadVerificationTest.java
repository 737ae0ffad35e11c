package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.batching.Ticker;
import dev.gnserve.model.LifecycleTimes;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelCompanion;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.ModelState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that are verified before they serve, on the real engine. */
class LoadVerificationTest {

    private static Engine engine;

    @TempDir
    private Path folder;

    private final List<Object> events = Collections.synchronizedList(new java.util.ArrayList<>());
    private ModelRepository repository;

    @BeforeAll
    static void startEngine() {
        engine = new Engine(PyTorchBackend.start(new EngineSettings(Device.CPU, 1)));
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    @AfterEach
    void everyNativeArrayIsFreed() {
        repository.close(Duration.ofSeconds(10));
        assertThat(engine.openArrays()).isZero();
    }

    @Test
    void aSoundModelIsVerifiedWithItsBatchesAndServes() throws IOException {
        LoadedModel model = load("{onLoad: require}", groupNorm(3, 3));

        assertThat(model.state()).as(model.reason()).isEqualTo(ModelState.READY);
        VerificationReport report = onlyReport();
        assertThat(report.verdict()).isEqualTo(Verdict.PASS);
        assertThat(report.calls()).hasSize(1);
        assertThat(report.batchInvariance().batch()).isEqualTo(4);
        assertThat(report.batchInvariance().verdict()).isEqualTo(Verdict.PASS);
        assertThat(report.batchInvariance().resultChanged()).isFalse();
    }

    @Test
    void requireKeepsAFaultyModelFromServingAndNamesTheWorstLayerWithItsNumbers() throws IOException {
        LoadedModel model = load("{onLoad: require}", groupNorm(3, 1));

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        CallCheck call = onlyReport().calls().get(0);
        assertThat(model.reason())
                .contains("worst in layer norm")
                .contains(String.format(java.util.Locale.ROOT, "ratio %.3g", call.ratio()))
                .contains("the archive declares 3 groups, but the layer ran with 1")
                .contains("Export the archive again");
        assertThat(call.ratio()).isGreaterThan(100);
    }

    @Test
    void warnServesAFaultyModelAndPublishesTheReport() throws IOException {
        LoadedModel model = load("{onLoad: warn}", groupNorm(3, 1));

        assertThat(model.state()).isEqualTo(ModelState.READY);
        assertThat(onlyReport().verdict()).isEqualTo(Verdict.FAIL);
        assertThat(events)
                .filteredOn(LayerFailed.class::isInstance)
                .singleElement()
                .satisfies(event -> {
                    LayerFailed failed = (LayerFailed) event;
                    assertThat(failed.model()).isSameAs(model);
                    assertThat(failed.why())
                            .startsWith("layer norm failed verification: the archive declares 3 groups");
                });
    }

    @Test
    void offVerifiesNothing() throws IOException {
        LoadedModel model = load("{onLoad: off}", groupNorm(3, 1));

        assertThat(model.state()).isEqualTo(ModelState.READY);
        assertThat(events).isEmpty();
    }

    @Test
    void aModelWithoutGroupNormalizationServesEvenWhenVerificationIsRequired() throws IOException {
        ScriptModule plain = ScriptModule.ofClass("Plain")
                .method(ScriptMethod.forward("return torch.relu(x)"))
                .build();

        LoadedModel model = load("{onLoad: require}", plain);

        assertThat(model.state()).isEqualTo(ModelState.READY);
        assertThat(onlyReport().verdict()).isEqualTo(Verdict.NOT_APPLICABLE);
    }

    /** Its archive agrees with itself: only the manifest knows what it was trained with. */
    @Test
    void anotherEpsilonThanTheManifestExpectsIsCaught() throws IOException {
        LoadedModel model = load("{onLoad: require, epsilon: 1.0e-3, groups: 3}", groupNorm(3, 3));

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason())
                .contains("layer norm")
                .contains("expected is epsilon 0.001, but the layer ran with 1.0E-5");
    }

    @Test
    void anotherNumberOfGroupsThanTheManifestExpectsIsCaught() throws IOException {
        LoadedModel model = load("{onLoad: require, epsilon: 1.0e-5, groups: 1}", groupNorm(3, 3));

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason()).contains("expected are 1 groups, but the layer ran with 3");
    }

    @Test
    void aModelThatMixesItsBatchDoesNotServe() throws IOException {
        ScriptModule mixing = ScriptModule.ofClass("Mixing")
                .method(ScriptMethod.forward(
                        "return torch.group_norm(torch.sub(x, torch.mean(x, [0], True)), 3, None, None, 1e-05)"))
                .build();

        LoadedModel model = load("{onLoad: require}", mixing);

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason()).contains("output depends on its batch");
    }

    /** A copy that stayed would double the memory of every model. */
    @Test
    void theInstrumentedCopyIsFreedBeforeTheModelServes() throws IOException {
        LoadedModel model = load("{onLoad: require}", groupNorm(3, 3));

        assertThat(onlyReport().verdict()).isEqualTo(Verdict.PASS);
        assertThat(model.companion(ModelVerification.class).holdsCopy()).isFalse();
    }

    /** Noise is ordinary, so the network makes the large values. In float32 their squares overflow. */
    @Test
    void aModelWhoseValuesOverflowDoesNotServe() throws IOException {
        ScriptModule norm = ScriptModule.ofClass("GroupNorm")
                .constant("num_groups", 3)
                .constant("eps", 1e-5)
                .method(
                        ScriptMethod.forward(
                                "return torch.group_norm(torch.mul(x, 1.0000000000000000e+30), 3, None, None, 1.0000000000000001e-05)"))
                .build();

        LoadedModel model = load(
                "{onLoad: require}",
                ScriptModule.ofClass("Model")
                        .child("norm", norm)
                        .method(ScriptMethod.forward("return torch.nan_to_num((self.norm).forward(x, ), 0., 0., 0.)"))
                        .build());

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason())
                .contains("norm: its input has values so large that their squares exceed float32")
                .contains("Export the archive again");
    }

    private VerificationReport onlyReport() {
        List<VerificationCompleted> completed = events.stream()
                .filter(VerificationCompleted.class::isInstance)
                .map(VerificationCompleted.class::cast)
                .toList();
        assertThat(completed).hasSize(1);
        return completed.get(0).report();
    }

    private LoadedModel load(String verification, ScriptModule module) throws IOException {
        Path version = Files.createDirectories(folder.resolve("model/1"));
        Files.writeString(folder.resolve("model/model.yaml"), """
                task: segmentation
                labels: [a, b]
                batching: {maxSize: 4}
                warmUp: {shapes: [[3, 16, 16]]}
                verification: %s
                """.formatted(verification));
        Files.write(version.resolve("model.pt"), Rewrites.written(module).toByteArray());
        ModelCompanion.Factory companion = model -> new ModelVerification(
                model,
                work -> {
                    throw new AssertionError("no sample was asked for");
                },
                Runnable::run,
                () -> 0,
                events::add);
        List<ModelSource> sources = ModelFolder.list(folder);
        repository = new ModelRepository(
                engine,
                () -> sources,
                batch -> {},
                change -> {},
                List.of(companion),
                LifecycleTimes.DEFAULT,
                Ticker.system());
        repository.start();
        repository.settled().join();
        return repository.find("model", null);
    }

    /** A Group Normalization over 3 channels that declares one number of groups and runs with another. */
    private static ScriptModule groupNorm(int declared, int ran) {
        ScriptModule norm = ScriptModule.ofClass("GroupNorm")
                .parameter("weight", new float[] {1, -2, 0.5f}, 3)
                .parameter("bias", new float[] {0, 1, -1}, 3)
                .constant("num_groups", declared)
                .constant("eps", 1e-5)
                .method(ScriptMethod.forward(
                        "return torch.group_norm(x, " + ran + ", self.weight, self.bias, 1.0000000000000001e-05)"))
                .build();
        return ScriptModule.ofClass("Model")
                .child("norm", norm)
                .method(ScriptMethod.forward("return (self.norm).forward(torch.cat([torch.slice(x, 1, 0, 1),"
                        + " torch.mul(torch.slice(x, 1, 1, 3), 3.)], 1), )"))
                .build();
    }
}
