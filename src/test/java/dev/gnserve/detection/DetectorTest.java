package dev.gnserve.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Box;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DetectorTest {

    private static final String TASK = "task: detection\nlabels: [a, b]\n";

    @Test
    void boxesComeBackInPixelsOfTheOriginalAtAnySizeAndScale() {
        Random random = new Random(8);
        for (int turn = 0; turn < 40; turn++) {
            int width = 40 + random.nextInt(200);
            int height = 40 + random.nextInt(200);
            ModelManifest manifest = manifest("input: {resize: {mode: stretch, width: %d, height: %d}}"
                    .formatted(32 + random.nextInt(100), 32 + random.nextInt(100)));
            PreparedImage prepared = prepared(manifest, width, height);
            Box truth =
                    new Box(random.nextInt(width / 2), random.nextInt(height / 2), 1 + width / 4.0, 1 + height / 4.0);
            Detector detector = detector(manifest, prepared);
            detector.add(prediction(new float[][] {corners(prepared.geometry().toInput(truth))}, 0.9f, 0.1f));

            List<Detection> found = detector.finish().detections();
            assertThat(found).hasSize(1);
            // Exact within the precision of the float32 corners of the input.
            assertThat(corners(found.get(0).box())).containsExactly(corners(truth), within(1e-3f));
        }
    }

    @Test
    void boxesInThePaddingAreLeftOut() {
        ModelManifest manifest = manifest("input: {sizeMultiple: 32}");
        Detector detector = detector(manifest, prepared(manifest, 50, 40));
        // The input is 64 x 64. One box crosses the right edge of the image at 50, the other lies in the padding.
        detector.add(prediction(new float[][] {{30, 10, 60, 30}, {48, 10, 62, 30}}, 0.9f, 0.1f));
        assertThat(detector.finish().detections()).extracting(Detection::box).containsExactly(new Box(30, 10, 20, 20));
    }

    @Test
    void cornersInTheWrongOrderAreNoBox() {
        ModelManifest manifest = manifest("");
        Detector detector = detector(manifest, prepared(manifest, 64, 64));
        detector.add(prediction(new float[][] {{30, 30, 10, 10}, {30, 10, 10, 30}, {10, 10, 30, 30}}, 0.9f, 0.1f));
        assertThat(detector.finish().detections()).extracting(Detection::box).containsExactly(new Box(10, 10, 20, 20));
    }

    @Test
    void anObjectInTheOverlapOfTwoTilesIsFoundOnceAndWhole() {
        ModelManifest manifest = manifest("input: {sizeMultiple: 32, tile: {size: 128, overlap: 64}}");
        PreparedImage prepared = prepared(manifest, 192, 64);
        assertThat(prepared.tiles()).isEqualTo(2);
        Detector detector = detector(manifest, prepared);
        // From 104 to 134: the first tile ends at 128 and shows a part, the second begins at 64 and shows all of it.
        detector.add(prediction(new float[][] {{104, 10, 126, 30}}, 0.9f, 0.1f));
        detector.add(prediction(new float[][] {{40, 10, 70, 30}}, 0.8f, 0.1f));
        assertThat(detector.finish().detections()).containsExactly(new Detection(0, 0.8f, new Box(104, 10, 30, 20)));
    }

    @Test
    void anOutputThatDoesNotFitTheManifestIsAnEngineFault() {
        ModelManifest manifest = manifest("");
        Detector detector = detector(manifest, prepared(manifest, 64, 64));
        Prediction mask = new Prediction(Map.of("output", new FloatTensor(TensorShape.of(2, 8, 8), new float[128])));
        assertThatThrownBy(() -> detector.add(mask))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("boxes [A, 4] and scores [A, 2]");
        Prediction broken = prediction(new float[][] {{1, 2, Float.NaN, 4}}, 0.9f, 0.1f);
        assertThatThrownBy(() -> detector.add(broken))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("NaN");
    }

    @Test
    void eachLabelHasItsThresholdUnlessTheRequestGivesOne() {
        ModelManifest manifest = manifest("thresholds: {scores: [0.5, 0.8]}");
        Prediction both = prediction(new float[][] {{10, 10, 30, 30}}, 0.6f, 0.7f);
        assertThat(labels(manifest, both, null, List.of())).containsExactly(0);
        assertThat(labels(manifest, both, 0.65f, List.of())).containsExactly(1);
    }

    @Test
    void masksOfEachLabelHaveTheirThreshold() {
        ModelManifest manifest = manifest("thresholds: {masks: [0.2, 0.7]}");
        Detector detector = detector(manifest, prepared(manifest, 64, 64));
        float[] masks = new float[2 * 64 * 64];
        Arrays.fill(masks, 0.5f);
        detector.add(new Prediction(Map.of(
                "boxes", Tensor.of(new float[] {0, 0, 64, 64, 0, 0, 64, 64}, 2, 4),
                "labels", Tensor.of(new float[] {1, 2}, 2),
                "scores", Tensor.of(new float[] {0.9f, 0.8f}, 2),
                "masks", Tensor.of(masks, 2, 1, 64, 64))));
        assertThat(detector.finish().detections())
                .extracting(one -> Objects.requireNonNull(one.mask()).inside()[0])
                .containsExactly(true, false);
    }

    @Test
    void scoresOfTheAnswerFallThoughRoundingDoesNotDecide() {
        ModelManifest manifest = manifest("");
        Detector detector = detector(manifest, prepared(manifest, 64, 64));
        // Equal apart from rounding, so the places decide; but the answer has 0.6235 and 0.6234.
        detector.add(new Prediction(Map.of(
                "boxes", Tensor.of(new float[] {40, 40, 60, 60, 10, 10, 30, 30}, 2, 4),
                "scores", Tensor.of(new float[] {0.623451f, 0.1f, 0.623449f, 0.1f}, 2, 2))));
        assertThat(detector.finish().detections())
                .extracting(one -> DetectedObject.rounded(one))
                .containsExactly(0.6235, 0.6234);
    }

    @Test
    void onlyTheLabelsOfTheRequestCount() {
        Prediction both = prediction(new float[][] {{10, 10, 30, 30}}, 0.6f, 0.7f);
        assertThat(labels(manifest(""), both, null, List.of())).containsExactly(1, 0);
        assertThat(labels(manifest(""), both, null, List.of("a"))).containsExactly(0);
    }

    /** 1,500 boxes of label a with 0.6 would take all places of the one of label b with 0.55. */
    @Test
    void boxesThatDoNotCountTakeNoPlace() {
        float[][] boxes = new float[1501][];
        for (int i = 0; i < boxes.length; i++) {
            boxes[i] = new float[] {10, 10, 30, 30};
        }
        Prediction common = prediction(boxes, 0.6f, 0);
        float[] scores = common.outputs().get("output1").floats();
        scores[2 * 1500] = 0;
        scores[2 * 1500 + 1] = 0.55f;

        assertThat(labels(manifest(""), common, null, List.of("b"))).containsExactly(1);
        assertThat(labels(manifest("thresholds: {scores: [0.9, 0.5]}"), common, null, List.of()))
                .containsExactly(1);
    }

    private static List<Integer> labels(
            ModelManifest manifest, Prediction prediction, @Nullable Float threshold, List<String> classes) {
        DetectionLimits limits = DetectionLimits.of(manifest, threshold, null, null, classes, false);
        Detector detector =
                new Detector(manifest, UprightImage.of8Bit(1, 1, 3, new byte[3]), prepared(manifest, 64, 64), limits);
        detector.add(prediction);
        return detector.finish().detections().stream().map(Detection::label).toList();
    }

    @Test
    void keypointsComeBackInPixelsOfTheOriginalWithTheirNames() {
        ModelManifest manifest = ManifestReader.read("model.yaml", """
                task: detection
                labels: [person]
                output: {keypoints: [nose, tail]}
                input: {resize: {mode: stretch, width: 64, height: 64}}
                """);
        Detector detector = detector(manifest, prepared(manifest, 128, 32));
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("boxes", Tensor.of(new float[] {10, 10, 30, 30}, 1, 4));
        outputs.put("labels", Tensor.of(new float[] {1}, 1));
        outputs.put("scores", Tensor.of(new float[] {0.9f}, 1));
        outputs.put("keypoints", Tensor.of(new float[] {12, 20, 1, 28, 24, 0}, 1, 2, 3));
        outputs.put("keypoints_scores", Tensor.of(new float[] {7.5f, -1.25f}, 1, 2));
        detector.add(new Prediction(outputs));

        assertThat(detector.finish().detections().get(0).keypoints())
                .containsExactly(new KeyPoint("nose", 24, 10, true, 7.5), new KeyPoint("tail", 56, 12, false, -1.25));

        outputs.put("keypoints", Tensor.of(new float[] {12, Float.NaN, 1, 28, 24, 0}, 1, 2, 3));
        Detector another = detector(manifest, prepared(manifest, 128, 32));
        assertThatThrownBy(() -> another.add(new Prediction(outputs)))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("The model's output keypoints contains NaN for this image");

        outputs.put("keypoints", Tensor.of(new float[3], 1, 1, 3));
        outputs.remove("keypoints_scores");
        assertThatThrownBy(() -> detector.add(new Prediction(outputs)))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("1 keypoints an object, but output.keypoints of its model.yaml has 2 names");
    }

    private static ModelManifest manifest(String more) {
        return ManifestReader.read("model.yaml", TASK + more + "\n");
    }

    private static Detector detector(ModelManifest manifest, PreparedImage prepared) {
        return new Detector(
                manifest,
                UprightImage.of8Bit(1, 1, 3, new byte[3]),
                prepared,
                DetectionLimits.of(manifest, 0.5f, null, 10, List.of(), false));
    }

    private static PreparedImage prepared(ModelManifest manifest, int width, int height) {
        return manifest.preprocessor().prepare(UprightImage.of8Bit(width, height, 3, new byte[width * height * 3]));
    }

    private static float[] corners(Box box) {
        return new float[] {(float) box.x(), (float) box.y(), (float) box.right(), (float) box.bottom()};
    }

    /** The given boxes, all with the same scores. */
    private static Prediction prediction(float[][] boxes, float... scores) {
        float[] allBoxes = new float[boxes.length * 4];
        float[] allScores = new float[boxes.length * scores.length];
        for (int i = 0; i < boxes.length; i++) {
            System.arraycopy(boxes[i], 0, allBoxes, i * 4, 4);
            System.arraycopy(scores, 0, allScores, i * scores.length, scores.length);
        }
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("output0", new FloatTensor(TensorShape.of(boxes.length, 4), allBoxes));
        outputs.put("output1", new FloatTensor(TensorShape.of(boxes.length, scores.length), allScores));
        return new Prediction(outputs);
    }
}
