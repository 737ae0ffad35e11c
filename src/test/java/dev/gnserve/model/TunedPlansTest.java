package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.archive.TwoConvolutions;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TunedPlansTest {

    private static final TunedPlans.Key KEY =
            new TunedPlans.Key("ab", "PyTorch 2.7.1", "cpu", "EPYC", 2, 0, 2, "exact", "noise");

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
        List<TunedPlans.Key> others = List.of(
                new TunedPlans.Key("ac", "PyTorch 2.7.1", "cpu", "EPYC", 2, 0, 2, "exact", "noise"),
                new TunedPlans.Key("ab", "PyTorch 2.8.0", "cpu", "EPYC", 2, 0, 2, "exact", "noise"),
                new TunedPlans.Key("ab", "PyTorch 2.7.1", "gpu", "EPYC", 2, 0, 2, "exact", "noise"),
                new TunedPlans.Key("ab", "PyTorch 2.7.1", "cpu", "Xeon", 2, 0, 2, "exact", "noise"),
                new TunedPlans.Key("ab", "PyTorch 2.7.1", "cpu", "EPYC", 4, 0, 2, "exact", "noise"),
                new TunedPlans.Key("ab", "PyTorch 2.7.1", "cpu", "EPYC", 2, 1, 2, "exact", "noise"),
                new TunedPlans.Key("ab", "PyTorch 2.7.1", "cpu", "EPYC", 2, 0, 3, "exact", "noise"),
                new TunedPlans.Key("ab", "PyTorch 2.7.1", "cpu", "EPYC", 2, 0, 2, "decisions", "noise"),
                new TunedPlans.Key("ab", "PyTorch 2.7.1", "cpu", "EPYC", 2, 0, 2, "exact", "golden"));
        assertThat(others).allSatisfy(other -> assertThat(plans.find(other)).isNull());
    }

    @Test
    void withoutAHomeNothingIsKept() throws IOException {
        for (String home : Arrays.asList("?", "", null)) {
            TunedPlans plans = TunedPlans.of(" ", home);
            assertThatIOException()
                    .isThrownBy(() -> plans.keep(KEY, report("channels-last")))
                    .withMessage("this user has no home");
            assertThat(plans.find(KEY)).isNull();
        }
        Path kept = TunedPlans.of(null, folder.toString()).keep(KEY, report("channels-last"));
        assertThat(kept).startsWith(folder.resolve(".cache/gnserve/plans"));
        assertThat(TunedPlans.of(folder.toString(), "?").keep(KEY, report("channels-last")))
                .startsWith(folder.resolve("gnserve/plans"));
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

    private ModelParts loaded(PlanChoice plans, String execution) throws IOException {
        String manifest = "task: tensors\nwarmUp: {shapes: [[3, 32, 32]]}\nexecution: {" + execution + "}\n";
        EngineScope scope = new Engine(backend).scope("network");
        ModelParts parts = new ModelParts("network", "1", scope);
        byte[] archive = TwoConvolutions.network(0).toByteArray();
        Path model = Files.createDirectories(folder.resolve("network"));
        Files.writeString(model.resolve("model.yaml"), manifest);
        Files.write(Files.createDirectories(model.resolve("1")).resolve("model.pt"), archive);
        ModelSource source = ModelFolder.versions(model).get(0);
        parts.read(source);
        parts.load(source, ManifestReader.read("model.yaml", manifest), 2, plans, null);
        return parts;
    }

    private static void end(ModelParts... all) {
        for (ModelParts parts : all) {
            assertThat(parts.end(System.nanoTime() + Duration.ofSeconds(10).toNanos(), () -> {}))
                    .isTrue();
        }
    }

    @Test
    void autoRunsByWhatIsKeptForTheArchiveAndTheMachine() throws IOException {
        TunedPlans plans = new TunedPlans(folder.resolve("plans"));
        PlanChoice kept = new PlanChoice(plans, null);
        ModelParts before = loaded(kept, "plan: auto");
        assertThat(before.plan()).isEqualTo(ExecutionPlan.AS_EXPORTED);
        assertThat(before.planReason()).contains("nothing was measured").contains("`gnserve tune network`");
        assertThat(before.tuning()).isNull();

        ModelManifest auto = ManifestReader.read("model.yaml", "task: segmentation\nlabels: [a]");
        plans.keep(
                TunedPlans.Key.of(before.archive(), before.scope().describe(), auto, Accuracy.EXACT, 2),
                report("channels-last"));
        ModelParts after = loaded(kept, "plan: auto");
        assertThat(after.plan()).isEqualTo(ExecutionPlan.CHANNELS_LAST);
        assertThat(after.planReason()).isEqualTo("auto: 1.20 times as fast as exported");
        assertThat(after.tuning()).isEqualTo(report("channels-last"));

        ModelParts silent = loaded(kept, "workers: 1");
        assertThat(silent.plan()).as("without a word").isEqualTo(ExecutionPlan.CHANNELS_LAST);
        ModelParts stated = loaded(kept, "plan: as-exported");
        assertThat(stated.plan()).isEqualTo(ExecutionPlan.AS_EXPORTED);
        assertThat(stated.planReason()).isNull();
        ModelParts wider = loaded(kept, "accuracy: decisions");
        assertThat(wider.plan()).as("measured for another accuracy").isEqualTo(ExecutionPlan.AS_EXPORTED);
        end(before, after, silent, stated, wider);
    }

    @Test
    void autoMeasuresOnceAndKeepsIt() throws IOException {
        TunedPlans plans = new TunedPlans(folder.resolve("plans"));
        AtomicInteger trials = new AtomicInteger();
        PlanChoice measuring = new PlanChoice(plans, (scope, archive, source, manifest) -> {
            trials.incrementAndGet();
            return report("channels-last");
        });
        ModelParts stated = loaded(measuring, "plan: as-exported");
        assertThat(trials).as("nothing to choose").hasValue(0);
        ModelParts first = loaded(measuring, "workers: 1");
        ModelParts second = loaded(measuring, "workers: 1");
        assertThat(trials).hasValue(1);
        assertThat(List.of(first.plan(), second.plan())).containsOnly(ExecutionPlan.CHANNELS_LAST);
        assertThat(second.tuning()).isEqualTo(report("channels-last"));
        end(stated, first, second);
    }

    @Test
    void whatIsNotClearIsMeasuredAgain() throws IOException {
        Map<Double, Integer> trialsOfTwoLoads = Map.of(1.04, 2, 0.97, 1);
        for (Map.Entry<Double, Integer> expected : trialsOfTwoLoads.entrySet()) {
            AtomicInteger trials = new AtomicInteger();
            TunedPlans plans = new TunedPlans(folder.resolve("plans-" + expected.getKey()));
            PlanReport exported = new PlanReport("as-exported", 10, 1, 0, 0, 10, null);
            PlanReport other = new PlanReport("channels-last", 9, expected.getKey(), 1e-7, 0, 10, null);
            PlanChoice measuring = new PlanChoice(plans, (scope, archive, source, manifest) -> {
                trials.incrementAndGet();
                return new TuningReport(
                        "network", "1", 1, 8, List.of(exported, other), "as-exported", "not clearly faster");
            });
            for (int load = 0; load < 2; load++) {
                end(loaded(measuring, "workers: 1"));
            }
            assertThat(trials).as("speed " + expected.getKey()).hasValue(expected.getValue());
        }
    }

    @Test
    void aFailedMeasurementLeavesTheModelAsExported() throws IOException {
        TunedPlans plans = new TunedPlans(folder.resolve("plans"));
        List<Exception> failures = List.of(
                new FailureException(FailureCode.INVALID_REQUEST, "a pass takes 9 s"),
                new FailureException(FailureCode.MODEL_UNAVAILABLE, "a pass takes 9 s"),
                new TorchScriptException("a pass takes 9 s"),
                new IOException("a pass takes 9 s"),
                new IllegalStateException("a pass takes 9 s"));
        for (Exception failure : failures) {
            ModelParts parts = loaded(new PlanChoice(plans, failing(failure)), "workers: 1");
            assertThat(parts.plan()).isEqualTo(ExecutionPlan.AS_EXPORTED);
            assertThat(parts.planReason()).contains("were not measured").endsWith("a pass takes 9 s");
            assertThat(parts.tuning()).isNull();
            end(parts);
        }
    }

    private static PlanTrial failing(Exception failure) {
        return (scope, archive, source, manifest) -> {
            if (failure instanceof IOException io) {
                throw io;
            }
            throw (RuntimeException) failure;
        };
    }

    @Test
    void aChoiceHoldsWhereItCannotBeKept() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "not a folder");
        PlanChoice measuring =
                new PlanChoice(new TunedPlans(file), (scope, archive, source, manifest) -> report("channels-last"));
        ModelParts parts = loaded(measuring, "workers: 1");
        assertThat(parts.plan()).isEqualTo(ExecutionPlan.CHANNELS_LAST);
        end(parts);
    }
}
