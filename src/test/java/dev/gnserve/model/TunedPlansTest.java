package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.TwoConvolutions;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TunedPlansTest {

    private static final TunedPlans.Key KEY = new TunedPlans.Key("ab", "PyTorch 2.7.1", "cpu", "EPYC", 2, 0, 2);

    private static PyTorchBackend backend;

    @TempDir
    private Path folder;

    @BeforeAll
    static void startEngine() {
        backend = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        backend.close();
    }

    private static TuningReport report(String chosen) {
        return new TuningReport(
                "network",
                "1",
                1,
                8,
                List.of(
                        new PlanReport(chosen, 10, 1.2, 1e-7, 0, 5, null),
                        PlanReport.failed(ExecutionPlan.BFLOAT16, "its outputs differ")),
                chosen,
                "1.20 times as fast as exported");
    }

    @Test
    void keepsOneMeasurementForEachKey() throws IOException {
        TunedPlans plans = new TunedPlans(folder.resolve("new"));
        plans.keep(KEY, report("as-exported"));
        plans.keep(KEY, report("channels-last"));

        assertThat(plans.find(KEY)).isEqualTo(report("channels-last"));
        List<UnaryOperator<TunedPlans.Key>> others = List.of(
                key -> new TunedPlans.Key("ac", key.engine(), key.device(), key.processor(), 2, 0, 2),
                key -> new TunedPlans.Key("ab", "PyTorch 2.8.0", key.device(), key.processor(), 2, 0, 2),
                key -> new TunedPlans.Key("ab", key.engine(), "gpu", key.processor(), 2, 0, 2),
                key -> new TunedPlans.Key("ab", key.engine(), key.device(), "Xeon", 2, 0, 2),
                key -> new TunedPlans.Key("ab", key.engine(), key.device(), key.processor(), 4, 0, 2),
                key -> new TunedPlans.Key("ab", key.engine(), key.device(), key.processor(), 2, 1, 2),
                key -> new TunedPlans.Key("ab", key.engine(), key.device(), key.processor(), 2, 0, 3));
        assertThat(others)
                .allSatisfy(other -> assertThat(plans.find(other.apply(KEY))).isNull());
    }

    @Test
    void passesOverWhatItDidNotWrite() throws IOException {
        TunedPlans plans = new TunedPlans(folder);
        assertThat(plans.find(KEY)).isNull();

        Path file = plans.keep(KEY, report("fastest"));
        assertThat(plans.find(KEY)).as("a plan that does not exist").isNull();
        for (String damaged : List.of("", "{", "[]", "{\"key\":null}", "null")) {
            Files.writeString(file, damaged);
            assertThat(plans.find(KEY)).as(damaged).isNull();
        }
    }

    private ModelParts loaded(TunedPlans plans, String execution) throws IOException {
        String manifest = "task: tensors\nwarmUp: {shapes: [[3, 32, 32]]}\nexecution: {" + execution + "}\n";
        EngineScope scope = new Engine(backend).scope("network");
        ModelParts parts = new ModelParts("network", "1", scope, plans);
        byte[] archive = TwoConvolutions.network(0).toByteArray();
        Path model = Files.createDirectories(folder.resolve("network"));
        Files.writeString(model.resolve("model.yaml"), manifest);
        Files.write(Files.createDirectories(model.resolve("1")).resolve("model.pt"), archive);
        parts.read(ModelFolder.versions(model).get(0));
        parts.load(ManifestReader.read("model.yaml", manifest), 2, null);
        return parts;
    }

    @Test
    void autoRunsByWhatIsKeptForTheArchiveAndTheMachine() throws IOException {
        TunedPlans plans = new TunedPlans(folder.resolve("plans"));
        ModelParts before = loaded(plans, "plan: auto");
        assertThat(before.plan()).isEqualTo(ExecutionPlan.AS_EXPORTED);
        assertThat(before.planReason()).contains("nothing was measured").contains("`gnserve tune network`");
        assertThat(before.tuning()).isNull();

        Execution auto = new Execution(0, 0, Device.AUTO, null);
        plans.keep(TunedPlans.Key.of(before.archive(), before.scope().describe(), auto, 2), report("channels-last"));
        ModelParts after = loaded(plans, "plan: auto");
        assertThat(after.plan()).isEqualTo(ExecutionPlan.CHANNELS_LAST);
        assertThat(after.planReason()).isEqualTo("auto: 1.20 times as fast as exported");
        assertThat(after.tuning()).isEqualTo(report("channels-last"));

        ModelParts stated = loaded(plans, "plan: as-exported");
        assertThat(stated.plan()).isEqualTo(ExecutionPlan.AS_EXPORTED);
        assertThat(stated.planReason()).isNull();
        for (ModelParts parts : List.of(before, after, stated)) {
            assertThat(parts.end(System.nanoTime() + Duration.ofSeconds(10).toNanos(), () -> {}))
                    .isTrue();
        }
    }
}
