package dev.gnserve.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Box;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The boxes are those of the package ultralytics (golden/decoders/make_yolo.py). */
class YoloDecoderTest {

    private static final int WIDTH = 96;
    private static final int HEIGHT = 64;

    @ParameterizedTest
    @CsvSource({"yolov8,false,0.7,false", "yolov8-agnostic,false,0.45,true", "yolov5,true,0.45,false"})
    void boxesAreThoseOfTheReference(String name, boolean objectness, float iou, boolean agnostic) throws IOException {
        Npz golden = Npz.read(Files.readAllBytes(Path.of("src/test/resources/golden/decoders/" + name + ".npz")));
        float[] boxes = golden.floats("expected_boxes");
        float[] scores = golden.floats("expected_scores");
        float[] labels = golden.floats("expected_labels");
        List<Detection> expected = new ArrayList<>();
        for (int i = 0; i < scores.length; i++) {
            Box box = Box.ofCorners(boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]);
            if (box.width() > 0 && box.height() > 0) { // gnserve leaves out boxes beyond the image.
                expected.add(new Detection((int) labels[i], scores[i], box));
            }
        }

        List<Detection> found = found(golden.tensor("output"), objectness, iou, agnostic);

        assertThat(found).hasSameSizeAs(expected).hasSizeGreaterThan(15);
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i).label()).isEqualTo(expected.get(i).label());
            assertThat(found.get(i).score()).isCloseTo(expected.get(i).score(), within(1e-6f));
            assertThat(found.get(i).box().x()).isCloseTo(expected.get(i).box().x(), within(1e-4));
            assertThat(found.get(i).box().y()).isCloseTo(expected.get(i).box().y(), within(1e-4));
            assertThat(found.get(i).box().right())
                    .isCloseTo(expected.get(i).box().right(), within(1e-4));
            assertThat(found.get(i).box().bottom())
                    .isCloseTo(expected.get(i).box().bottom(), within(1e-4));
        }
    }

    private static List<Detection> found(Tensor output, boolean objectness, float iou, boolean agnostic) {
        ModelManifest manifest = ManifestReader.read("model.yaml", """
                task: detection
                labels: [a, b, c]
                output: {decoder: yolo, objectness: %s}
                thresholds: {score: 0.25}
                """.formatted(objectness));
        UprightImage image = UprightImage.of8Bit(WIDTH, HEIGHT, 3, new byte[3 * WIDTH * HEIGHT]);
        Detector detector = new Detector(
                manifest,
                image,
                manifest.preprocessor().prepare(image),
                DetectionLimits.of(manifest, null, iou, 300, List.of(), agnostic));
        detector.add(new Prediction(Map.of("output", output)));
        return detector.finish().detections();
    }

    @Test
    void otherTablesAreRefused() {
        float[] logits = new float[7 * 20];
        logits[6 * 20] = 3;
        assertThatThrownBy(() -> found(Tensor.of(logits, 7, 20), false, 0.5f, false))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("has the score 3.0");
        assertThatThrownBy(() -> found(Tensor.of(new float[8 * 20], 8, 20), false, 0.5f, false))
                .hasMessageContaining("[7, locations], with objectness: false");
        assertThatThrownBy(() -> found(Tensor.of(new float[7 * 20], 20, 7), true, 0.5f, false))
                .hasMessageContaining("[locations, 8], with objectness: true");
    }
}
