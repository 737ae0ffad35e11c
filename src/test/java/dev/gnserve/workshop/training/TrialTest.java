package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.workshop.training.TrialRecipe.Subject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrialTest {

    private static final TrialRecipe RECIPE = TrialRecipe.plain(Subject.UNET, Norm.BATCH, 4, 2, 16, 0.1, 3);

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

    private static NucleiTrial task() {
        return new NucleiTrial(
                RECIPE.unet(),
                new CropSampler(SyntheticNuclei.images(4, 48, 11), 16, 1).pool(RECIPE.examples()),
                SyntheticNuclei.images(1, 48, 12).stream()
                        .map(NucleiTrial::middle)
                        .toList());
    }

    /** With Batch Normalization, whose running statistics are part of the state. */
    @Test
    void sameSeedGivesTheSameNetworkWhetherItWasStoppedOrNot() throws IOException {
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        Trial.Outcome uninterrupted = Trial.run(RECIPE, task(), whole, RECIPE.steps());
        Trial.run(RECIPE, task(), parts, 3);
        Trial.Outcome resumed = Trial.run(RECIPE, task(), parts, RECIPE.steps());
        Trial.Outcome measuredAgain = Trial.run(RECIPE, task(), parts, RECIPE.steps());

        float[] weights = new RunFolder(whole).checkpoint().weights();
        assertThat(new RunFolder(parts).checkpoint().weights()).containsExactly(weights);
        assertThat(resumed.score()).isEqualTo(uninterrupted.score());
        assertThat(measuredAgain.score()).isEqualTo(uninterrupted.score());
        assertThat(uninterrupted.diverged()).isFalse();
    }

    @Test
    void lossThatIsNoNumberIsAnOutcome() throws IOException {
        TrialRecipe wild = TrialRecipe.plain(Subject.UNET, Norm.NONE, 4, 2, 16, 1e9, 3);
        NucleiTrial task = new NucleiTrial(wild.unet(), task().pool(), task().held());
        Trial.Outcome outcome = Trial.run(wild, task, folder, wild.steps());
        assertThat(outcome.diverged()).isTrue();
        assertThat(outcome.score()).isZero();
    }

    @Test
    void everyEpochHasAllExamplesInAnOrderThatTheBatchDoesNotChange() {
        TrialRecipe single = TrialRecipe.plain(Subject.UNET, Norm.LAYER, 1, 2, 16, 0.1, 3);
        int[] byFours = IntStream.range(0, RECIPE.steps())
                .flatMap(step -> Arrays.stream(Trial.examples(RECIPE, step)))
                .toArray();
        int[] byOnes = IntStream.range(0, single.steps())
                .flatMap(step -> Arrays.stream(Trial.examples(single, step)))
                .toArray();
        assertThat(byFours).containsExactly(byOnes);
        int[] first = Arrays.copyOf(byFours, 16);
        int[] second = Arrays.copyOfRange(byFours, 16, 32);
        assertThat(first).isNotEqualTo(second).containsExactlyInAnyOrder(second);
    }

    @Test
    void recipeIsReadBack() throws IOException {
        TrialRecipe recipe = RECIPE.withEntrance(new Entrance(Norm.LAYER, new Norm.GroupSize(4)), 1, false);
        RunFolder run = new RunFolder(folder);
        run.begin(recipe);
        assertThat(run.recipe()).isEqualTo(recipe);
        assertThat(recipe.name()).isEqualTo("unet-bn-ln.gn_4.1.fixed-b4-e2-n16-r0.1-s3");
    }

    @Test
    void batchMustDivideTheExamples() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TrialRecipe.plain(Subject.RESNET, Norm.BATCH, 5, 1, 16, 0.1, 1))
                .withMessageContaining("multiple of the batch");
        assertThat(List.of(Subject.values())).extracting(Subject::score).containsExactly("dice", "accuracy", "ap50");
    }
}
