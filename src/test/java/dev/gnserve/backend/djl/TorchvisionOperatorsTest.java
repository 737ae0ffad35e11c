package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.archive.RepairedArchive.Replacement;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Operators of torchvision compute the same as torchvision does. Each archive compares them itself, see
 * {@code src/test/resources/torchvision/make.py}.
 */
class TorchvisionOperatorsTest {

    private static PyTorchBackend engine;

    @BeforeAll
    static void start() {
        engine = PyTorchBackend.start(EngineSettings.defaults());
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    /** @param half largest difference of float16, in which torchvision rounds after each step */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "roi-align, torchvision::roi_align, 40, 0.01",
        "ps-roi-align, torchvision::ps_roi_align, 12, 0.01",
        "roi-pool, torchvision::roi_pool, 0, 0",
        "ps-roi-pool, torchvision::ps_roi_pool, 0, 0",
        "deform-conv2d, torchvision::deform_conv2d, 12, 0.05",
        "nms, torchvision::nms, 0, 0"
    })
    void resultsAreThoseOfTorchvision(String file, String operator, int casesOfHalf, float half) throws IOException {
        try (PyTorchModel model = Archives.load(engine, TorchScriptArchive.of(bytes(file + ".pt")), file)) {
            assertThat(model.replacements()).extracting(Replacement::operator).containsExactly(operator);
            assertThat(model.replacements()).allMatch(Replacement::defined);
            float[] differences = model.newSession()
                    .run(List.of(new FloatTensor(TensorShape.of(1, 1), new float[1])))
                    .predictions()
                    .get(0)
                    .first()
                    .floats();
            int exact = 0;
            for (float difference : differences) {
                assertThat(difference).isLessThanOrEqualTo(Math.max(half, 1e-5f));
                exact += difference <= 1e-5f ? 1 : 0;
            }
            assertThat(exact).isGreaterThanOrEqualTo(differences.length - casesOfHalf);
            assertThat(differences).hasSizeGreaterThan(15);
        }
    }

    /** See {@code src/test/resources/torchvision/make_detectors.py}. */
    @Test
    void maskRcnnGivesWhatPyTorchGives() throws IOException {
        Npz golden = Npz.read(bytes("mask-rcnn.npz"));
        try (PyTorchModel model = Archives.load(engine, TorchScriptArchive.of(bytes("mask-rcnn.pt")), "mask-rcnn")) {
            FloatTensor image = new FloatTensor(TensorShape.of(3, 70, 90), golden.floats("image"));
            List<Prediction> alone = model.newSession().run(List.of(image)).predictions();
            List<Prediction> together =
                    model.newSession().run(List.of(image, image)).predictions();

            for (Prediction found : List.of(alone.get(0), together.get(0), together.get(1))) {
                Map<String, Tensor> outputs = found.outputs();
                assertThat(outputs.get("labels").floats()).containsExactly(golden.floats("labels"));
                assertThat(outputs.get("boxes").floats()).containsExactly(golden.floats("boxes"), within(1e-3f));
                assertThat(outputs.get("scores").floats()).containsExactly(golden.floats("scores"), within(1e-5f));
                assertThat(outputs.get("masks").floats()).containsExactly(golden.floats("masks"), within(1e-4f));
            }
        }
    }

    private static byte[] bytes(String file) throws IOException {
        try (InputStream in = TorchvisionOperatorsTest.class.getResourceAsStream("/torchvision/" + file)) {
            return Objects.requireNonNull(in, file).readAllBytes();
        }
    }
}
