package dev.gnserve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.model.EmbeddedModels;
import dev.gnserve.model.ModelSource;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The archive in the jar, as it is served, on images of the test split that the repository keeps. */
class EmbeddedBloodCellModelIT {

    private static final Path SAMPLES = Path.of("src/test/resources/samples/bloodcells");

    @Test
    void findsCellsInImagesItHasNotSeen() throws Exception {
        ModelSource model = EmbeddedModels.list(getClass().getClassLoader()).stream()
                .filter(source -> source.name().equals("bloodcell-fcos-gn"))
                .findFirst()
                .orElseThrow();

        DetectionReport report = DetectionEvaluation.run(model, SAMPLES, "test", Fold.NONE, false, done -> {})
                .report();

        assertThat(report.images()).isEqualTo(5);
        assertThat(report.ap50()).as("AP50").isGreaterThan(0.95);
        assertThat(report.byClass())
                .extracting(DetectionReport.ClassScores::label)
                .containsExactly("RBC", "WBC", "Platelets");
        assertThat(report.byClass())
                .allSatisfy(row -> assertThat(row.ap50()).as(row.label()).isGreaterThan(0.9));
    }
}
