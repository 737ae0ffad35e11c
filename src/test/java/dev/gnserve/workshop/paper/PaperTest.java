package dev.gnserve.workshop.paper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.workshop.training.Norm;
import dev.gnserve.workshop.training.Trial;
import dev.gnserve.workshop.training.TrialData;
import dev.gnserve.workshop.training.TrialRecipe;
import dev.gnserve.workshop.training.TrialRecipe.Subject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PaperTest {

    private static final Scale SCALE = new Scale(List.of(Subject.UNET), 32, 1, Scale.seeds(1, 2), false);

    @TempDir
    Path folder;

    /** There is no data, so that a trial that ran would fail. */
    @Test
    void trialWithResultDoesNotRunAgain() throws IOException {
        TrialRuns runs = new TrialRuns(folder);
        List<TrialRecipe> trials = Experiment.BATCH.trials(SCALE);
        for (TrialRecipe trial : trials) {
            save(runs, trial, 0.75);
        }
        StringWriter log = new StringWriter();
        runs.run(trials, new TrialData(folder.resolve("none"), folder.resolve("none")), new PrintWriter(log));
        assertThat(log.toString()).isEmpty();
        assertThat(runs.outcome(trials.get(0)).orElseThrow().recipe()).isEqualTo(trials.get(0));
    }

    @Test
    void experimentsShareTrials() {
        assertThat(Experiment.BATCH.trials(SCALE)).hasSize(2 * 5 * 5).doesNotHaveDuplicates();
        assertThat(Experiment.GROUPS.trials(SCALE)).containsAll(Experiment.GROWTH.trials(SCALE));
        assertThat(Experiment.BATCH.trials(SCALE))
                .contains(Experiment.plain(Subject.UNET, Norm.LAYER, Experiment.GROUPS_BATCH, SCALE, 1));
        Scale reduced = new Scale(List.of(Subject.values()), 32, 1, List.of(1L), true);
        assertThat(Experiment.ENTRANCE.trials(reduced)).hasSize(7);
        for (Experiment experiment : Experiment.values()) {
            List<TrialRecipe> trials = experiment.trials(reduced);
            assertThat(trials).isNotEmpty();
            assertThat(trials.stream().map(TrialRecipe::name)).doesNotHaveDuplicates();
        }
    }

    @Test
    void reportHasMeanAndSpreadOfTheSeedsAndDashesForWhatDidNotRun() throws IOException {
        TrialRuns runs = new TrialRuns(folder);
        save(runs, Experiment.plain(Subject.UNET, Norm.BATCH, 16, SCALE, 1), 0.75);
        save(runs, Experiment.plain(Subject.UNET, Norm.BATCH, 16, SCALE, 2), 0.85);
        save(runs, Experiment.plain(Subject.UNET, Norm.LAYER, 8, SCALE, 1), 0.5);
        for (int batch : List.of(16, 8, 4, 2, 1)) {
            save(runs, Experiment.plain(Subject.UNET, Norm.INSTANCE, batch, SCALE, 1), 0.9);
        }
        StringWriter text = new StringWriter();
        new Report(runs, SCALE, new PrintWriter(text)).write(folder);
        assertThat(text.toString())
                .contains("| BN | 20.0 (15.0 to 25.0) | - | - | - | - |")
                .contains("| LN | - | 50.0 | - | - | - |");
        assertThat(ImageIO.read(folder.resolve("norms-batch-unet.png").toFile()).getWidth())
                .isEqualTo(640);
    }

    private static void save(TrialRuns runs, TrialRecipe trial, double score) throws IOException {
        TrialRuns.save(runs.result(trial.name()), new Trial.Outcome(trial, score, false, 100, 1));
    }
}
