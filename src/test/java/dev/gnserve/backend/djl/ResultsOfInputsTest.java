package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.process.ResidentMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every input gets its own result, for every structure that an archive returns. See make.py beside the archives. */
class ResultsOfInputsTest {

    private static PyTorchBackend engine;

    @BeforeAll
    static void startEngine() {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    /** Its dictionaries have two tensors or, for an image with a value over 5, four. */
    @Test
    void optionalKeysStayWithTheirImage() {
        try (PyTorchModel model = load("optional-key.pt")) {
            List<Prediction> results = run(model.newSession(), image(1), image(9), image(2));

            assertThat(results.get(0).outputs()).containsOnlyKeys("boxes", "scores");
            assertThat(results.get(1).outputs()).containsOnlyKeys("boxes", "scores", "labels", "masks");
            assertThat(results.get(2).outputs()).containsOnlyKeys("boxes", "scores");
            assertThat(results.get(0).outputs().get("boxes").floats()).containsExactly(1, 1, 1, 1);
            assertThat(results.get(1).outputs().get("boxes").floats()).containsExactly(9, 9, 9, 9);
            assertThat(results.get(1).outputs().get("labels").floats()).containsExactly(9);
            assertThat(results.get(2).outputs().get("scores").floats()).containsExactly(2);
        }
    }

    /** If outputs were assigned by their number, the first image would get the boxes of the second. */
    @Test
    void optionalKeysStayWithTheirImageIfTheNumberOfOutputsIsDivisible() {
        try (PyTorchModel model = load("optional-key.pt")) {
            List<Prediction> results = run(model.newSession(), image(1), image(9));

            assertThat(results.get(0).outputs()).containsOnlyKeys("boxes", "scores");
            assertThat(results.get(0).outputs().get("boxes").floats()).containsExactly(1, 1, 1, 1);
            assertThat(results.get(0).outputs().get("scores").floats()).containsExactly(1);
            assertThat(results.get(1).outputs()).containsOnlyKeys("boxes", "scores", "labels", "masks");
            assertThat(results.get(1).outputs().get("boxes").floats()).containsExactly(9, 9, 9, 9);
            assertThat(results.get(1).outputs().get("scores").floats()).containsExactly(9);
        }
    }

    /** The first batch has as many images as masks are wide, so that only the structure shows which axis is the batch. */
    @Test
    void aListOfTensorsFromAListOfImagesIsOneForEachImage() {
        try (PyTorchModel model = load("masks-scripted.pt")) {
            PyTorchSession session = model.newSession();

            List<Prediction> results =
                    run(session, Tensor.of(new float[] {1, 2}, 1, 1, 2), Tensor.of(new float[] {3, 4}, 1, 1, 2));

            assertThat(results.get(0).first().shape()).isEqualTo(TensorShape.of(2, 1, 1));
            assertThat(results.get(0).first().floats()).containsExactly(1, 2);
            assertThat(results.get(1).first().floats()).containsExactly(3, 4);
            assertThat(session.run(List.of(image(1))).resultPerInput()).isTrue();
            assertThat(run(session, image(7)).get(0).first().floats()).containsExactly(7);
            assertThat(run(model.newSession(), image(7)).get(0).first().shape()).isEqualTo(TensorShape.of(1, 1, 1));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aListOfBatchedOutputsIsSplitAlsoWhereItIsAsLongAsTheBatch(int batch) {
        try (PyTorchModel model = load("levels-scripted.pt")) {
            Tensor[] images = new Tensor[batch];
            for (int i = 0; i < batch; i++) {
                images[i] = Tensor.of(new float[] {i, 10 + i}, 1, 1, 2);
            }

            List<Prediction> results = run(model.newSession(), images);

            assertThat(results).hasSize(batch);
            for (int i = 0; i < batch; i++) {
                assertThat(results.get(i).outputs().get("output0").floats()).containsExactly(10 + i);
                assertThat(results.get(i).outputs().get("output1").floats()).containsExactly(i);
            }
        }
    }

    @Test
    void aListOfOneBatchedOutputIsSplit() {
        try (PyTorchModel model = load("level-scripted.pt")) {
            Prediction alone = run(model.newSession(), image(4)).get(0);

            assertThat(alone.outputs()).containsOnlyKeys("output");
            assertThat(alone.first().shape()).isEqualTo(TensorShape.of(1));
            assertThat(run(model.newSession(), image(4), image(5))
                            .get(1)
                            .first()
                            .floats())
                    .containsExactly(5);
        }
    }

    @Test
    void aTupleForEachImageKeepsItsNumbersAndWhatIsOptional() {
        try (PyTorchModel model = load("pairs-scripted.pt")) {
            List<Prediction> results = run(
                    model.newSession(),
                    Tensor.of(new float[] {1, 2, 3}, 1, 1, 3),
                    Tensor.of(new float[] {6, 2, 8}, 1, 1, 3));

            Map<String, Tensor> none = results.get(0).outputs();
            assertThat(none).containsOnlyKeys("output0", "output1", "output2", "output3", "output4");
            assertThat(none.get("output0").shape()).isEqualTo(TensorShape.of(0));
            Map<String, Tensor> two = results.get(1).outputs();
            assertThat(two.get("output0").floats()).containsExactly(6, 8);
            assertThat(two.get("output1").type()).isEqualTo(ElementType.INT64);
            assertThat(two.get("output1").floats()).containsExactly(2);
            assertThat(two.get("output2").type()).isEqualTo(ElementType.FP64);
            assertThat(two.get("output2").floats()).containsExactly(1);
            assertThat(two.get("output3").type()).isEqualTo(ElementType.BOOL);
            assertThat(two.get("output3").floats()).containsExactly(1);
            assertThat(two.get("output4").floats()).containsExactly(2, 4);
            assertThat(two.get("output5").floats()).containsExactly(7);
        }
    }

    @Test
    void dictionariesInADictionaryAreNamedByTheirPath() {
        try (PyTorchModel model = load("nested-scripted.pt")) {
            Prediction second = run(
                            model.newSession(),
                            Tensor.of(new float[] {1, 1}, 1, 1, 2),
                            Tensor.of(new float[] {3, 5}, 1, 1, 2))
                    .get(1);

            assertThat(second.outputs()).containsOnlyKeys("a.max", "b.max");
            assertThat(second.outputs().get("a.max").floats()).containsExactly(5);
            assertThat(second.outputs().get("b.max").floats()).containsExactly(3);
        }
    }

    @Test
    void whatDoesNotSayToWhichImageItBelongsIsRefused() {
        assertRefused("numbered-scripted.pt", "\"output1\" is of type int");
        assertRefused("integer-keys-scripted.pt", "\"output\" is of type Dict(int, Tensor)");
        assertRefused("lists-per-image-scripted.pt", "a list with one dictionary per image");
        assertRefused("first-only-scripted.pt", "a list of 1 results for a batch of 2");
        assertRefused("losses-scripted.pt", "eval()");
    }

    private static void assertRefused(String archive, String why) {
        try (PyTorchModel model = load(archive)) {
            PyTorchSession session = model.newSession();
            assertThatThrownBy(() -> run(session, image(1), image(2)))
                    .as(archive)
                    .isInstanceOf(FailureException.class)
                    .hasMessageContaining(why);
        }
    }

    /** The batcher then runs each image alone, so that only the image without a result fails. */
    @Test
    void anImageWithoutAResultFailsAndTheOthersRunAlone() {
        try (PyTorchModel model = load("sometimes-scripted.pt")) {
            PyTorchSession session = model.newSession();

            assertThatThrownBy(() -> run(session, image(9), image(1)))
                    .isInstanceOf(FailureException.class)
                    .hasMessageContaining("no output for image 2 of 2");
            assertThat(run(session, image(9)).get(0).outputs().get("peak").floats())
                    .containsExactly(9);
        }
    }

    /** An open value would keep its tensor, 16 kB in each of these archives. */
    @ParameterizedTest
    @ValueSource(strings = {"pairs-scripted.pt", "masks-scripted.pt", "dict-scripted.pt", "integer-keys-scripted.pt"})
    @EnabledOnOs(OS.LINUX)
    void noValueStaysInNativeMemory(String archive) {
        try (PyTorchModel model = load(archive)) {
            PyTorchSession session = model.newSession();
            // Over 5: of these, the pairs give all.
            FloatTensor image = new FloatTensor(TensorShape.of(1, 64, 64), new float[64 * 64]);
            Arrays.fill(image.values(), 6);
            tried(session, image, 200);
            int open = engine.openArrays();
            double[] growth = new double[5];
            // The heap grows and shrinks, too, but not in most rounds.
            for (int round = 0; round < growth.length; round++) {
                System.gc();
                double before = ResidentMemory.bytes();
                tried(session, image, 1000);
                System.gc();
                growth[round] = (ResidentMemory.bytes() - before) / 1000;
            }
            assertThat(engine.openArrays()).isEqualTo(open);
            Arrays.sort(growth);
            assertThat(growth[2])
                    .as("bytes for each pass, the median of %s", Arrays.toString(growth))
                    .isLessThan(8_000);
        }
    }

    private static void tried(PyTorchSession session, FloatTensor image, int times) {
        for (int i = 0; i < times; i++) {
            try {
                assertThat(run(session, image)).hasSize(1);
            } catch (FailureException e) {
                assertThat(e).hasMessageContaining("Dict(int, Tensor)");
            }
        }
    }

    private static List<Prediction> run(PyTorchSession session, Tensor... images) {
        return session.run(new ArrayList<>(List.of(images))).predictions();
    }

    private static FloatTensor image(float value) {
        return Tensor.of(new float[] {value}, 1, 1, 1);
    }

    private static PyTorchModel load(String archive) {
        return Archives.load(engine, archive);
    }
}
