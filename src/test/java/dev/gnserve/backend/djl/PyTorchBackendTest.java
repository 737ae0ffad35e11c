package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.process.ResidentMemory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class PyTorchBackendTest {

    private static PyTorchBackend engine;

    @BeforeAll
    static void startEngine() {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    @Test
    void startsOfflineAndSaysWhatItIs() {
        assertThat(System.getProperty("ai.djl.offline")).isEqualTo("true");
        assertThat(engine.describe().name()).isEqualTo("PyTorch 2.7.1");
        assertThat(engine.describe().device()).isEqualTo("cpu");
    }

    @Test
    void givesWhatPythonGives() {
        float[] ramp = new float[48];
        for (int i = 0; i < ramp.length; i++) {
            ramp[i] = i / 48f;
        }
        try (PyTorchModel model = load("group-norm-traced.pt")) {
            Prediction prediction = model.newSession()
                    .run(List.of(Tensor.of(ramp, 3, 4, 4)))
                    .predictions()
                    .get(0);

            assertThat(prediction.outputs()).containsOnlyKeys("output");
            assertThat(prediction.first().shape()).isEqualTo(TensorShape.of(3, 4, 4));
            double sum = 0;
            for (float value : values(prediction.first())) {
                sum += Math.abs(value);
            }
            // Computed by torch 2.13 on the module this archive was traced from.
            assertThat(sum).isCloseTo(PYTHON_SUM, within(1e-4));
        }
    }

    /** DJL's own call leaks the tensors of a failing call: 0.7 MB each time here. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void refusedInputsDoNotStayInMemory() throws IOException {
        int times = 150;
        Path file = Path.of("src/main/resources/models/nuclei-unet-gn/1/model.pt");
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.read(file);
                PyTorchModel model = engine.load(snapshot, BackendPlan.CPU)) {
            PyTorchSession session = model.newSession();
            // Odd sides: the decoder's halves do not meet.
            FloatTensor image = new FloatTensor(TensorShape.of(3, 161, 161), new float[3 * 161 * 161]);
            refuse(session, image, 30);
            System.gc();
            double before = ResidentMemory.bytes();

            refuse(session, image, times);

            System.gc();
            assertThat((ResidentMemory.bytes() - before) / times)
                    .as("bytes for each refusal")
                    .isLessThan(300_000);
        }
    }

    private static void refuse(PyTorchSession session, FloatTensor image, int times) {
        for (int i = 0; i < times; i++) {
            assertThatThrownBy(() -> session.run(List.of(image))).isInstanceOf(FailureException.class);
        }
    }

    private static final double PYTHON_SUM = 22.174435555934906;

    @Test
    void anImageAloneAndInABatchGivesTheSame() {
        Random random = new Random(5);
        List<Tensor> images = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            images.add(randomImage(random, 32, 48));
        }
        try (PyTorchModel model = load("group-norm-traced.pt")) {
            PyTorchSession session = model.newSession();
            List<Prediction> together = session.run(images).predictions();
            for (int i = 0; i < images.size(); i++) {
                Prediction alone =
                        session.run(List.of(images.get(i))).predictions().get(0);
                // Not bit for bit: the engine chooses its convolution by the batch size.
                assertThat(largestDifference(alone.first(), together.get(i).first()))
                        .isLessThan(2e-6f);
            }
        }
    }

    @Test
    void namesTheEntriesOfADictionaryAndKeepsTheirTypes() {
        try (PyTorchModel model = load("dict-scripted.pt")) {
            Tensor image = Tensor.of(new float[] {1, 5, 4, 2}, 2, 1, 2);

            List<Prediction> both =
                    model.newSession().run(List.of(image, image)).predictions();

            Map<String, Tensor> outputs = both.get(1).outputs();
            assertThat(outputs).containsOnlyKeys("sum", "argmax");
            assertThat(values(outputs.get("sum"))).containsExactly(5, 7);
            assertThat(outputs.get("argmax").type()).isEqualTo(ElementType.INT64);
            assertThat(outputs.get("argmax").floats()).containsExactly(1, 0);
        }
    }

    @Test
    void numbersTheEntriesOfATupleAndSplitsScalars() {
        try (PyTorchModel model = load("picky-scripted.pt")) {
            Prediction prediction = model.newSession()
                    .run(List.of(Tensor.of(new float[] {1, 2}, 1, 1, 2), Tensor.of(new float[] {3, 5}, 1, 1, 2)))
                    .predictions()
                    .get(1);

            assertThat(values(prediction.outputs().get("output0"))).containsExactly(6, 10);
            assertThat(prediction.outputs().get("output1").shape()).isEqualTo(TensorShape.of());
            assertThat(values(prediction.outputs().get("output1"))).containsExactly(4);
        }
    }

    @Test
    void callsOtherMethodsWithInputsAsTheyAre() {
        try (PyTorchModel model = load("total-scripted.pt")) {
            Map<String, Tensor> outputs = model.newSession()
                    .call("scaled", List.of(Tensor.of(new float[] {2, 3}, 2), Tensor.of(new float[] {10, 20}, 2)));

            assertThat(values(outputs.get("output0"))).containsExactly(20, 60);
            assertThat(values(outputs.get("output1"))).containsExactly(12, 23);
        }
    }

    @Test
    void aFaultInTheModelSaysWhatTheModelSaid() {
        try (PyTorchModel model = load("picky-scripted.pt")) {
            PyTorchSession session = model.newSession();

            assertThatThrownBy(() -> session.run(List.of(Tensor.of(new float[] {101}, 1, 1, 1))))
                    .isInstanceOfSatisfying(FailureException.class, e -> {
                        assertThat(e.failure().code()).isEqualTo(FailureCode.ENGINE_FAULT);
                        assertThat(e.failure().detail())
                                .contains("[1, 1, 1]")
                                .contains("values above 100 are not supported")
                                .doesNotContain("\n");
                        assertThat(e.failure().cause()).isNotNull();
                    });
            assertThat(session.run(List.of(Tensor.of(new float[] {1}, 1, 1, 1))).predictions())
                    .hasSize(1);
        }
    }

    @Test
    void anOutputWithoutABatchAxisIsRefused() {
        try (PyTorchModel model = load("total-scripted.pt")) {
            PyTorchSession session = model.newSession();

            assertThatThrownBy(() -> session.run(List.of(Tensor.of(new float[] {1, 2}, 2))))
                    .isInstanceOf(FailureException.class)
                    .hasMessageContaining("\"output\" has shape [] for a batch of 1");
        }
    }

    @Test
    void noNativeArrayStaysOpen() {
        try (PyTorchModel model = load("picky-scripted.pt")) {
            PyTorchSession session = model.newSession();
            session.run(List.of(Tensor.of(new float[] {1}, 1, 1, 1)));
            int before = engine.openArrays();
            for (int i = 0; i < 50; i++) {
                float value = 75 + i;
                try {
                    session.run(List.of(Tensor.of(new float[] {value}, 1, 1, 1)));
                } catch (FailureException e) {
                    assertThat(value).isGreaterThan(100);
                }
            }
            assertThat(engine.openArrays()).isEqualTo(before);
        }
        assertThat(engine.openArrays()).isZero();
    }

    @Test
    void whatIsNoArchiveIsRefusedWithItsName() throws IOException {
        InputStream text = new ByteArrayInputStream("hello".getBytes(StandardCharsets.UTF_8));
        ArchiveSnapshot archive = ArchiveSnapshot.read(text, "hello.pt");

        assertThatThrownBy(() -> engine.load(archive, BackendPlan.CPU))
                .isInstanceOfSatisfying(
                        FailureException.class,
                        e -> assertThat(e.failure().detail()).contains("hello.pt"));
        assertThat(engine.openArrays()).isZero();
    }

    private static PyTorchModel load(String archive) {
        return Archives.load(engine, archive);
    }

    private static Tensor randomImage(Random random, int height, int width) {
        float[] values = new float[3 * height * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        return Tensor.of(values, 3, height, width);
    }

    private static float largestDifference(Tensor a, Tensor b) {
        float largest = 0;
        for (int i = 0; i < values(a).length; i++) {
            largest = Math.max(largest, Math.abs(values(a)[i] - values(b)[i]));
        }
        return largest;
    }

    private static float[] values(Tensor tensor) {
        return ((FloatTensor) tensor).values();
    }
}
