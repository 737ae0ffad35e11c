package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.evaluation.Fold;
import dev.gnserve.evaluation.LabelledBox;
import dev.gnserve.image.Box;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BloodCellTrainingTest {

    private static final BloodCellRecipe RECIPE = new BloodCellRecipe(
            60, 1, 64, 5e-3, 3, Fold.NONE, new FcosShape(List.of(8, 8, 8, 8, 8), 8, new Norm.Group(2), 3));

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
    void learnsToFindSquares() throws IOException {
        train(60, folder);
        List<String> history = Files.readAllLines(folder.resolve("history.csv"));
        assertThat(history.get(0)).isEqualTo("step,loss,RBC,WBC,Platelets");
        String[] last = history.get(1).split(",", -1);
        assertThat(last[0]).isEqualTo("60");
        assertThat(Double.parseDouble(last[2])).as("AP50 of the only class").isGreaterThan(0.5);
    }

    @Test
    void resumedRunEndsWhereAnUninterruptedOneDoes() throws IOException {
        Path parts = folder.resolve("parts");
        Checkpoint uninterrupted = train(20, folder.resolve("whole"));
        train(9, parts);
        Checkpoint resumed = train(20, parts);
        assertThat(resumed.step()).isEqualTo(20);
        assertThat(resumed.weights()).containsExactly(uninterrupted.weights());
        assertThat(resumed.average()).containsExactly(uninterrupted.average());
    }

    @Test
    void runFolderKnowsWhatItHolds() throws IOException {
        RunFolder run = new RunFolder(folder);
        BloodCellRecipe recipe = RECIPE.withFold(new Fold(2, 5));
        run.begin(recipe);
        assertThat(run.recipe()).isEqualTo(recipe);
        assertThatIllegalArgumentException().isThrownBy(() -> run.begin(RECIPE)).withMessageContaining("fold=2/5");
        assertThatIllegalArgumentException().isThrownBy(() -> run.begin(NucleiRecipe.DEFAULT));
    }

    private static Checkpoint train(int end, Path run) throws IOException {
        RunFolder folder = new RunFolder(run);
        folder.begin(RECIPE);
        List<BoxedImage> images = images();
        return new BloodCellTraining(RECIPE, images, images, folder).runUntil(end);
    }

    /** Bright squares on a dark, noisy ground. */
    private static List<BoxedImage> images() {
        Random random = new Random(7);
        List<BoxedImage> images = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            int size = 64;
            float[] planes = new float[3 * size * size];
            int left = 4 + random.nextInt(24);
            int top = 4 + random.nextInt(24);
            for (int i = 0; i < planes.length; i++) {
                int x = i % size;
                int y = i / size % size;
                boolean inside = x >= left && x < left + 32 && y >= top && y < top + 32;
                planes[i] = (inside ? 0.9f : 0.1f) + 0.03f * (float) random.nextGaussian();
            }
            images.add(new BoxedImage(
                    "synthetic", size, size, planes, List.of(new LabelledBox(0, new Box(left, top, 32, 32)))));
        }
        return images;
    }
}
