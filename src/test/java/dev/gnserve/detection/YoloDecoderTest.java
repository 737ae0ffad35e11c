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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The boxes are those of the package ultralytics (golden/decoders/make_yolo.py). */
class YoloDecoderTest {

    private static final int WIDTH = 96;
    private static final int HEIGHT = 64;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            yolov8              | objectness: false      | 0.7  | false
            yolov8-agnostic     | form: table            | 0.45 | true
            yolov5              | objectness: true       | 0.45 | false
            yolo-levels         | form: levels           | 0.45 | false
            yolo-levels-split   | form: levels, bins: 16 | 0.45 | false
            yolo-levels-one-bin | form: levels, bins: 1  | 0.45 | false
            yolo-chosen         | form: chosen           |      | false
            """)
    void boxesAreThoseOfTheReference(String name, String form, @Nullable Float iou, boolean agnostic)
            throws IOException {
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

        Map<String, Tensor> outputs = new LinkedHashMap<>();
        for (String output : golden.names()) {
            if (output.startsWith("output")) {
                outputs.put(output, golden.tensor(output));
            }
        }
        List<Detection> found = found(new Prediction(outputs), form, iou, agnostic);

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

    private static List<Detection> found(Prediction prediction, String form, @Nullable Float iou, boolean agnostic) {
        ModelManifest manifest = ManifestReader.read("model.yaml", """
                task: detection
                labels: [a, b, c]
                output: {decoder: yolo, %s}
                thresholds: {score: 0.25}
                """.formatted(form));
        UprightImage image = UprightImage.of8Bit(WIDTH, HEIGHT, 3, new byte[3 * WIDTH * HEIGHT]);
        Detector detector = new Detector(
                manifest,
                image,
                manifest.preprocessor().prepare(image),
                DetectionLimits.of(manifest, null, iou, 300, List.of(), agnostic));
        detector.add(prediction);
        return detector.finish().detections();
    }

    private static List<Detection> found(Tensor output, String form) {
        return found(new Prediction(Map.of("output", output)), form, null, false);
    }

    /** [4 + labels, locations]: 20 squares beside each other. */
    @Test
    void aLocationIsABoxOfItsBestLabelAlsoWithoutAThreshold() {
        ModelManifest manifest = ManifestReader.read("model.yaml", """
                task: detection
                labels: [a, b, c]
                output: {decoder: yolo}
                thresholds: {score: 0}
                """);
        UprightImage image = UprightImage.of8Bit(WIDTH, HEIGHT, 3, new byte[3 * WIDTH * HEIGHT]);
        Detector detector = new Detector(
                manifest,
                image,
                manifest.preprocessor().prepare(image),
                DetectionLimits.of(manifest, null, null, 300, List.of(), false));

        int locations = 20;
        float[] columns = new float[7 * locations];
        for (int i = 0; i < locations; i++) {
            float[] column = {4 * i + 4, 30, 4, 4, 0.1f, 0.6f, 0.2f};
            for (int row = 0; row < column.length; row++) {
                columns[row * locations + i] = column[row];
            }
        }
        detector.add(new Prediction(Map.of("output", Tensor.of(columns, 7, locations))));

        assertThat(detector.finish().detections())
                .hasSize(locations)
                .allSatisfy(found -> assertThat(found.label()).isOne());
    }

    @Test
    void otherTablesAreRefused() {
        float[] logits = new float[7 * 20];
        logits[6 * 20] = 3;
        assertThatThrownBy(() -> found(Tensor.of(logits, 7, 20), "objectness: false"))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("has the score 3.0");
        assertThatThrownBy(() -> found(Tensor.of(new float[8 * 20], 8, 20), "objectness: false"))
                .hasMessageContaining("[7, locations], with objectness: false");
        assertThatThrownBy(() -> found(Tensor.of(new float[7 * 20], 20, 7), "objectness: true"))
                .hasMessageContaining("[locations, 8], with objectness: true");
        assertThatThrownBy(() -> found(Tensor.of(new float[7 * 20], 20, 7), "form: chosen"))
                .hasMessageContaining("rows [K, 6]");
        assertThatThrownBy(() -> found(Tensor.of(new float[] {1, 2, 3, 4, 0.5f, 0.5f}, 1, 6), "form: chosen"))
                .hasMessageContaining("sixth number is 0.5");
        assertThatThrownBy(() -> found(Tensor.of(new float[] {1, 2, 3, 4, 0.5f, 3}, 1, 6), "form: chosen"))
                .hasMessageContaining("returned the label 3, but its model.yaml has 3 labels");
        assertThatThrownBy(() -> found(Tensor.of(new float[66 * 96], 66, 8, 12), "form: levels"))
                .hasMessageContaining(
                        "3 labels and 16 bins: for each stride a map [67, h, w], or [64, h, w] and [3, h, w]");
    }

    @Test
    void aRequestMaySuppressChosenBoxes() {
        Tensor rows = Tensor.of(new float[] {1, 2, 30, 40, 0.9f, 0, 1, 2, 30, 41, 0.8f, 0, 0, 0, 0, 0, 0, 0}, 3, 6);
        Prediction prediction = new Prediction(Map.of("output", rows));

        assertThat(found(prediction, "form: chosen", null, false)).hasSize(2);
        assertThat(found(prediction, "form: chosen", 0.5f, false)).hasSize(1);
    }

    @Test
    void optionsOfAnotherFormAreRefused() {
        assertThatThrownBy(() -> found(Tensor.of(new float[7 * 20], 7, 20), "form: chosen, objectness: true"))
                .hasMessageContaining("output.objectness is given, which does not go with form: chosen");
        assertThatThrownBy(() -> found(Tensor.of(new float[7 * 20], 7, 20), "bins: 8"))
                .hasMessageContaining("output.bins is given, which does not go with form: table");
    }
}
