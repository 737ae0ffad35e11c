package dev.gnserve.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.image.Box;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The boxes are those that the public packages make of the same outputs (golden/decoders/make.py). */
class DetectionDecodersTest {

    private static final int WIDTH = 96;
    private static final int HEIGHT = 64;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            detr-sigmoid     | [a, b, c] | {decoder: detr, scores: sigmoid} | pred_boxes, logits
            detr-sigmoid     | [a, b, c] | {decoder: detr, scores: sigmoid} | logits, pred_boxes
            detr-boxes-first | [a, b, c] | {decoder: detr, scores: sigmoid} | pred_boxes=output0, logits=output1
            detr-boxes-first | [a, b, c] | {decoder: detr, scores: sigmoid} | logits=output0, pred_boxes=output1
            detr-softmax     | [a, b]    | {decoder: detr} | logits, pred_boxes
            detr-crowded     | [a, b, c, d, e] | {decoder: detr} | logits, pred_boxes
            boxes-xyxy-pixels      | [a, b, c] | {decoder: boxes} | labels, scores, boxes
            boxes-xyxy-pixels      | [a, b, c] | {decoder: boxes} | boxes, labels, scores
            boxes-xyxy-fractions   | [a, b, c] | {unit: fractions} | scores, labels, boxes
            boxes-cxcywh-pixels    | [a, b, c] | {boxes: cxcywh} | boxes, labels, scores
            boxes-cxcywh-fractions | [a, b, c] | {boxes: cxcywh, unit: fractions} | boxes, labels, scores
            boxes-xywh-pixels      | [a, b, c] | {boxes: xywh} | boxes, labels, scores
            boxes-xywh-fractions   | [a, b, c] | {boxes: xywh, unit: fractions} | boxes, labels, scores
            """)
    void boxesAreThoseOfTheReference(String name, String labels, String output, String outputs) throws IOException {
        Npz golden = golden(name);
        ModelManifest manifest = ManifestReader.read(
                "model.yaml",
                "task: detection\nlabels: %s\noutput: %s\nthresholds: {score: 0.3, iou: 0.5}\n"
                        .formatted(labels, output));
        Map<String, Tensor> returned = new LinkedHashMap<>();
        for (String one : outputs.split(", ", -1)) {
            String[] names = one.split("=", -1);
            returned.put(names[names.length - 1], golden.tensor(names[0]));
        }
        UprightImage image = UprightImage.of8Bit(WIDTH, HEIGHT, 3, new byte[3 * WIDTH * HEIGHT]);
        Detector detector =
                new Detector(manifest, image, manifest.preprocessor().prepare(image), 0.3f, 1000);

        detector.add(new Prediction(returned));

        List<Detection> found = detector.finish().detections();
        float[] boxes = golden.floats("expected_boxes");
        float[] scores = golden.floats("expected_scores");
        float[] numbers = golden.floats("expected_labels");
        assertThat(found).hasSize(scores.length);
        for (int i = 0; i < scores.length; i++) {
            Detection one = found.get(i);
            Box box = one.box();
            assertThat(one.label()).as("label %d of %s", i, name).isEqualTo((int) numbers[i]);
            assertThat(one.score()).as("score %d of %s", i, name).isCloseTo(scores[i], within(1e-6f));
            assertThat(new double[] {box.x(), box.y(), box.right(), box.bottom()})
                    .as("box %d of %s", i, name)
                    .containsExactly(
                            new double[] {boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]},
                            within(1e-4));
        }
    }

    private static Npz golden(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(
                DetectionDecodersTest.class.getResourceAsStream("/golden/decoders/" + name + ".npz"))) {
            return Npz.read(in.readAllBytes());
        }
    }
}
