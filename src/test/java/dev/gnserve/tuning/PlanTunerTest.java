package dev.gnserve.tuning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TwoConvolutions;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.PassMemory;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.Accuracy;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.PlanReport;
import dev.gnserve.model.TuningReport;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanTunerTest {

    private static final String MANIFEST = "task: tensors\nwarmUp: {shapes: [[3, 32, 32]]}\n";

    @TempDir
    private static Path folder;

    private static PyTorchBackend backend;

    @BeforeAll
    static void startEngine() {
        backend = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        backend.close();
    }

    private static TuningReport tune(TorchScriptArchive archive, Accuracy accuracy) throws IOException {
        Random random = new Random(5);
        float[] values = new float[3 * 32 * 32];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        FloatTensor image = new FloatTensor(TensorShape.of(3, 32, 32), values);
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.of(archive, "network")) {
            return new PlanTuner(
                            new Engine(backend).scope("network"),
                            snapshot,
                            ManifestReader.read("model.yaml", MANIFEST),
                            List.of(image),
                            accuracy)
                    .run("network", "1", Duration.ZERO);
        }
    }

    private static PlanReport plan(TuningReport report, String plan) {
        return report.plans().stream()
                .filter(one -> one.plan().equals(plan))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aPlanIsAdmittedByTheAccuracyThatIsAskedFor() throws IOException {
        TorchScriptArchive archive = TwoConvolutions.network(0);

        TuningReport exact = tune(archive, Accuracy.EXACT);
        assertThat(plan(exact, "channels-last").admitted()).isTrue();
        assertThat(plan(exact, "channels-last").speedup()).isPositive();
        assertThat(plan(exact, "bfloat16").refusal())
                .matches(
                        "its outputs differ from those as exported by \\d\\.\\de-0\\d of their size, allowed is 1e-04\\."
                                + " The first Group Normalization that differs is first \\(.*\\)");

        TuningReport decisions = tune(archive, Accuracy.DECISIONS);
        assertThat(plan(decisions, "bfloat16").difference()).isBetween(1e-4, 0.1);
        assertThat(plan(decisions, "int8").refusal())
                .contains("cannot run by the plan int8: it has no convolution that gains");
    }

    /** bfloat16 holds 8 bits: where the mean is 10,000 deviations, nothing is left of the deviation. */
    @Test
    void aPlanThatLosesALargeMeanIsRefusedByTheNameOfTheLayer() throws IOException {
        TuningReport report = tune(TwoConvolutions.network(1e5), Accuracy.DECISIONS);

        assertThat(plan(report, "bfloat16").refusal())
                .contains("The first Group Normalization that differs is second (");
        assertThat(report.chosen()).isNotEqualTo("bfloat16");
    }

    private static TuningReport tuneBriefly(TorchScriptArchive archive, Duration longest) throws IOException {
        return tuneBriefly(archive, longest, PassMemory.unlimited());
    }

    private static TuningReport tuneBriefly(TorchScriptArchive archive, Duration longest, PassMemory memory)
            throws IOException {
        return tuneBriefly(archive, MANIFEST, longest, memory);
    }

    private static TuningReport tuneBriefly(
            TorchScriptArchive archive, String manifest, Duration longest, PassMemory memory) throws IOException {
        Path model = Files.createDirectories(folder.resolve("network"));
        Files.writeString(model.resolve("model.yaml"), manifest);
        Path version = Files.createDirectories(model.resolve("1"));
        Files.write(version.resolve("model.pt"), archive.toByteArray());
        ModelSource source = ModelFolder.versions(model).get(0);
        try (ArchiveSnapshot snapshot = source.snapshot()) {
            EngineScope scope = new Engine(backend).scope("network");
            return new BriefTuning(longest, memory)
                    .run(scope, snapshot, source, ManifestReader.read("model.yaml", manifest));
        }
    }

    @Test
    void loadingTriesOnlyWhatExactMayAdmit() throws IOException {
        TuningReport report = tuneBriefly(TwoConvolutions.network(0), Duration.ofSeconds(5));

        assertThat(report.plans()).extracting(PlanReport::plan).containsExactly("as-exported", "channels-last");
        assertThat(plan(report, "channels-last").admitted()).isTrue();
        assertThat(report.chosen()).isIn("as-exported", "channels-last");
        assertThat(report.rounds()).isBetween(5, 12);
    }

    @Test
    void loadingTriesWhatTheAccuracyAdmitsWhereAPictureShowsIt() throws IOException {
        String wide = """
                task: segmentation
                labels: [a, b, c, d, e, f, g]
                input: {resize: {mode: stretch, width: 32, height: 32}}
                execution: {accuracy: decisions}
                """;
        TuningReport onNoise =
                tuneBriefly(TwoConvolutions.network(0), wide, Duration.ofSeconds(5), PassMemory.unlimited());
        assertThat(onNoise.plans())
                .extracting(PlanReport::plan)
                .containsExactly("as-exported", "channels-last", "bfloat16", "int8");
        assertThat(plan(onNoise, "bfloat16").refusal())
                .isEqualTo(
                        "not measured, because only pictures show which decisions change, and the model has no golden"
                                + " picture; `gnserve tune --accuracy decisions --data PICTURES network` measures it");

        BufferedImage picture = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(8);
        for (int i = 0; i < 32 * 32; i++) {
            picture.setRGB(i % 32, i / 32, random.nextInt());
        }
        ImageIO.write(
                picture,
                "png",
                Files.createDirectories(folder.resolve("network"))
                        .resolve("golden.png")
                        .toFile());
        TuningReport onPicture = tuneBriefly(
                TwoConvolutions.network(0),
                wide + "golden: {image: golden.png, expected: golden.json}\n",
                Duration.ofSeconds(5),
                PassMemory.unlimited());
        assertThat(onPicture.plans())
                .as("it has no convolution that gains by int8")
                .extracting(PlanReport::plan)
                .containsExactly("as-exported", "channels-last", "bfloat16");
        assertThat(plan(onPicture, "bfloat16").difference()).isBetween(1e-4, 0.1);
        assertThat(plan(onPicture, "bfloat16").decisions()).isPositive();
        assertThat(plan(onPicture, "bfloat16").speedup()).isPositive();
    }

    @Test
    void loadingDoesNotMeasureSlowPasses() throws IOException {
        TuningReport report = tuneBriefly(TwoConvolutions.network(0), Duration.ZERO);

        assertThat(report.chosen()).isEqualTo("as-exported");
        assertThat(report.plans()).extracting(PlanReport::plan).containsExactly("as-exported");
        assertThat(report.reason())
                .matches(
                        "a pass takes \\d+\\.\\d\\d s, and 5 passes of each plan do not fit into 0\\.0 s; `gnserve tune network` measures them");
    }

    @Test
    void loadingDoesNotMeasureWithoutMemory() {
        PassMemory memory = new PassMemory(500 << 20);

        assertThatExceptionOfType(FailureException.class)
                .isThrownBy(() -> tuneBriefly(TwoConvolutions.network(0), Duration.ofSeconds(5), memory))
                .withMessage(
                        "OVERLOADED: that takes up to 1,024 MB beside the models, and 500 MB are left; `gnserve tune network` measures elsewhere");
    }
}
