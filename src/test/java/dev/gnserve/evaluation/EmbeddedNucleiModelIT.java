package dev.gnserve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.model.EmbeddedModels;
import dev.gnserve.model.ModelSource;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The archive in the jar, as it is served, on images of the test split that the repository keeps. */
class EmbeddedNucleiModelIT {

    private static final Path SAMPLES = Path.of("src/test/resources/samples/nuclei");

    @Test
    void findsNucleiInImagesItHasNotSeen() throws Exception {
        ModelSource model = EmbeddedModels.list(getClass().getClassLoader()).stream()
                .filter(source -> source.name().equals("nuclei-unet-gn"))
                .findFirst()
                .orElseThrow();

        SegmentationReport report = SegmentationEvaluation.run(model, SAMPLES, "test", done -> {});

        assertThat(report.overall().images()).isEqualTo(7);
        assertThat(report.overall().meanDice()).as("Dice").isGreaterThan(0.87);
        assertThat(report.overall().objectF1()).as("F1").isGreaterThan(0.75);
        assertThat(report.byType())
                .extracting(SegmentationReport.Scores::type)
                .containsExactly("brightfield", "fluorescence", "histology");
    }
}
