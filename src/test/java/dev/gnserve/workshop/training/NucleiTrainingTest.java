package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NucleiTrainingTest {

    private static final NucleiRecipe RECIPE = new NucleiRecipe(
            60, 2, 32, 5e-3, 3, new UNetShape(3, List.of(8, 8), new Norm.Group(2), SegmentationTarget.CLASSES));
    private static final List<LabelledImage> IMAGES = SyntheticNuclei.images(4, 48, 11);

    private static PyTorchBackend engine;

    @TempDir
    Path folder;

    @BeforeAll
    static void startEngine() {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    @Test
    void learnsToFindDiscs() throws IOException {
        train(RECIPE, folder);
        List<String> history = Files.readAllLines(folder.resolve("history.csv"));
        assertThat(history.get(0)).isEqualTo("step,loss,dice,f1");
        String[] last = history.get(1).split(",", -1);
        assertThat(last[0]).isEqualTo("60");
        assertThat(Double.parseDouble(last[2])).as("Dice").isGreaterThan(0.6);
    }

    @Test
    void resumedRunEndsWhereAnUninterruptedOneDoes() throws IOException {
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        Checkpoint uninterrupted = train(RECIPE, whole);
        // Stopped in the middle, at a checkpoint of the same schedule.
        stopAt(25, parts);
        Checkpoint resumed = train(RECIPE, parts);
        assertThat(resumed.step()).isEqualTo(uninterrupted.step());
        assertThat(resumed.weights()).containsExactly(uninterrupted.weights());
        assertThat(resumed.average()).containsExactly(uninterrupted.average());
    }

    @Test
    void anotherRecipeDoesNotGoOnInTheSameFolder() throws IOException {
        RunFolder run = new RunFolder(folder);
        run.begin(RECIPE);
        run.begin(RECIPE.withSteps(100));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run.begin(RECIPE.withSeed(4)))
                .withMessageContaining("seed=3");
    }

    private static Checkpoint train(NucleiRecipe recipe, Path run) throws IOException {
        return new NucleiTraining(recipe, IMAGES, IMAGES, folder(recipe, run)).run();
    }

    private static void stopAt(int step, Path run) throws IOException {
        new NucleiTraining(RECIPE, IMAGES, IMAGES, folder(RECIPE, run)).runUntil(step);
    }

    private static RunFolder folder(NucleiRecipe recipe, Path run) throws IOException {
        RunFolder folder = new RunFolder(run);
        folder.begin(recipe);
        return folder;
    }
}
