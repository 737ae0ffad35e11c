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
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The boxes are those that the public packages make of the same outputs (golden/decoders/make.py, make_forward.py). */
class DetectionDecodersTest {

    private static final int WIDTH = 96;
    private static final int HEIGHT = 64;

    /** Neighbours in the order of scores that may be swapped. */
    private static final int SWAPPED = 8;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            detr-sigmoid     | [a, b, c] | {decoder: detr, scores: sigmoid} | pred_boxes, logits
            detr-sigmoid     | [a, b, c] | {decoder: detr, scores: sigmoid} | logits, pred_boxes
            detr-boxes-first | [a, b, c] | {decoder: detr, scores: sigmoid} | pred_boxes=output0, logits=output1
            detr-boxes-first | [a, b, c] | {decoder: detr, scores: sigmoid} | logits=output0, pred_boxes=output1
            detr-softmax     | [a, b]    | {decoder: detr} | logits, pred_boxes
            detr-crowded     | [a, b, c, d, e] | {decoder: detr} | logits, pred_boxes
            detr-forward     | [a, b, c] | {decoder: detr} | logits, pred_boxes
            rtdetr-forward   | [a, b, c] | {decoder: detr, scores: sigmoid} | logits, pred_boxes
            conditional-detr-forward | [a, b, c] | {decoder: detr, scores: sigmoid} | logits, pred_boxes
            deformable-detr-forward  | [a, b, c] | {decoder: detr, scores: sigmoid} | logits, pred_boxes
            dab-detr-forward         | [a, b, c] | {decoder: detr, scores: sigmoid} | logits, pred_boxes
            boxes-xyxy-pixels      | [a, b, c] | {decoder: boxes} | labels, scores, boxes
            boxes-xyxy-pixels      | [a, b, c] | {decoder: boxes} | boxes, labels, scores
            boxes-xyxy-fractions   | [a, b, c] | {unit: fractions} | scores, labels, boxes
            boxes-cxcywh-pixels    | [a, b, c] | {boxes: cxcywh} | boxes, labels, scores
            boxes-cxcywh-fractions | [a, b, c] | {boxes: cxcywh, unit: fractions} | boxes, labels, scores
            boxes-xywh-pixels      | [a, b, c] | {boxes: xywh} | boxes, labels, scores
            boxes-xywh-fractions   | [a, b, c] | {boxes: xywh, unit: fractions} | boxes, labels, scores
            fcos-form        | [a, b, c]    | {decoder: fcos} | cls ctr box
            fcos-form        | [a, b, c]    | {decoder: fcos, strides: [4, 8, 16]} | level by level
            fcos-form        | [a, b, c]    | {decoder: fcos} | names
            fcos-torchvision | [a, b, c, d] | {decoder: fcos, locations: corner, candidates: 100} | cls box ctr
            fcos-torchvision | [a, b, c, d] | {decoder: fcos, locations: corner, candidates: 100} | level by level
            fcos-torchvision-uneven | [a, b, c, d] | {decoder: fcos, locations: corner, candidates: 100} | level by level
            fcos-torchvision-uneven | [a, b, c, d] | {decoder: fcos, locations: corner, strides: [4, 8, 16, 32, 64], candidates: 100} | names
            fcos-pixels      | [a, b, c, d] | {decoder: fcos, distances: pixels, candidates: 100} | names
            fcos-rows        | [a, b, c, d] | {decoder: fcos, locations: corner, strides: [4, 8, 16]} | cls_logits, bbox_regression, bbox_ctrness
            fcos-rows        | [a, b, c, d] | {decoder: fcos, locations: corner, strides: [4, 8, 16]} | cls_logits=box_cls, bbox_regression=box_regression, bbox_ctrness=centerness
            retinanet-torchvision | [a, b] | {decoder: retinanet, candidates: 100, anchors: {sizes: [32, 64, 128]}} | cls box
            retinanet-torchvision | [a, b] | {decoder: retinanet, candidates: 100, anchors: {sizes: [32, 64, 128]}} | names
            retinanet-torchvision | [a, b] | {decoder: retinanet, candidates: 100, anchors: {sizes: [32, 64, 128]}} | box cls
            retinanet-rows        | [a, b] | {decoder: retinanet, candidates: 300, strides: [8, 16, 32], anchors: {sizes: [32, 64, 128]}} | bbox_regression, cls_logits
            retinanet-detectron2  | [a, b] | {decoder: retinanet, candidates: 100, anchors: {style: detectron2, sizes: [16, 32, 64]}} | level by level
            efficientdet-forward  | [a, b] | {decoder: retinanet, anchors: {style: efficientdet}} | cls box
            efficientdet-forward  | [a, b] | {decoder: retinanet, anchors: {style: efficientdet}} | names
            detectron2-form  | [a, b, c] | {decoder: detectron2} | boxes=output0, classes=output1, scores=output2, size=output3
            detectron2-form  | [a, b, c] | {decoder: detectron2} | scores=output0, boxes=output1, classes=output2, size=output3
            detectron2-masks | [a, b, c] | {decoder: detectron2} | boxes=output0, classes=output1, masks=output2, scores=output3, size=output4
            """)
    void boxesAreThoseOfTheReference(String name, String labels, String output, String outputs) throws IOException {
        Npz golden = golden(name);
        List<Detection> found = found(golden, labels, output, outputs, 0.5);
        float[] boxes = golden.floats("expected_boxes");
        float[] scores = golden.floats("expected_scores");
        float[] numbers = golden.floats("expected_labels");
        assertThat(found).hasSize(scores.length);
        List<Detection> left = new ArrayList<>(found);
        for (int i = 0; i < scores.length; i++) {
            Detection expected = new Detection(
                    (int) numbers[i],
                    scores[i],
                    Box.ofCorners(boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]));
            // Scores that differ by rounding only may come in another order.
            Optional<Detection> same = left.stream()
                    .limit(SWAPPED)
                    .filter(one -> isSame(one, expected))
                    .findFirst();
            assertThat(same)
                    .as("%d of %s: %s, next is %s", i, name, expected, left.get(0))
                    .isPresent();
            left.remove(same.orElseThrow());
        }
    }

    /** The reference has no anchors for other sides. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {style: efficientdet}              | 249 | 121 | The input has 249 x 121 pixels
            {style: efficientdet}              | 249 | 121 | Set input.sizeMultiple: 128.
            {style: efficientdet, scales: [1]} | 256 | 128 | output.anchors has 3: 1 scales and 3 ratios
            {style: efficientdet, sizes: [32]} | 256 | 128 | output.anchors has the 1 sizes [32.0]
            """)
    void levelsThatTheAnchorsDoNotFitAreRefused(String anchors, int width, int height, String says) throws IOException {
        Prediction levels = new Prediction(returned(golden("efficientdet-forward"), "cls box"));
        ModelManifest manifest = ManifestReader.read(
                "model.yaml",
                "task: detection\nlabels: [a, b]\noutput: {decoder: retinanet, anchors: %s}\n".formatted(anchors));

        assertThatThrownBy(() -> manifest.output().locations(levels, width, height))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining(says);
    }

    /** The masks of torchvision are those of paste_masks_in_image, of detectron2 those of its function with this name. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            detectron2-masks  | {decoder: detectron2} | boxes=output0, classes=output1, masks=output2, scores=output3, size=output4
            masks-in-boxes-28 | {decoder: boxes}      | boxes, labels, scores, masks
            masks-in-boxes-7  | {decoder: boxes}      | boxes, labels, scores, masks
            """)
    void masksWithinBoxesArePastedAsByTheReference(String name, String output, String outputs) throws IOException {
        Npz golden = golden(name);
        List<Detection> found = found(golden, "[a, b, c]", output, outputs, 1);
        float[] expected = golden.floats("expected_masks");
        assertThat(found).hasSize(golden.floats("expected_scores").length);
        for (int i = 0; i < found.size(); i++) {
            int[] picture = new int[WIDTH * HEIGHT];
            Objects.requireNonNull(found.get(i).mask()).paint(picture, WIDTH, 1);
            float[] pixels = Arrays.copyOfRange(expected, i * picture.length, (i + 1) * picture.length);
            assertThat(picture).as("mask %d", i).containsExactly(whole(pixels));
        }
    }

    /** The network's input is smaller than the image: torchvision's own functions bring its results back. */
    @Test
    void keypointsAreThoseOfTheReference() throws IOException {
        Npz golden = golden("keypoints-forward");
        ModelManifest manifest = ManifestReader.read("model.yaml", """
                task: detection
                labels: [a, b, c]
                output: {keypoints: [north, east, south, west]}
                input: {resize: {mode: stretch, width: %d, height: %d}}
                """.formatted(WIDTH, HEIGHT));
        int width = WIDTH * 3 / 2;
        int height = HEIGHT * 3 / 2;
        UprightImage image = UprightImage.of8Bit(width, height, 3, new byte[3 * width * height]);
        DetectionLimits limits = DetectionLimits.of(manifest, 0.05f, null, null, List.of(), false);
        Detector detector =
                new Detector(manifest, image, manifest.preprocessor().prepare(image), limits);

        detector.add(new Prediction(returned(golden, "boxes, labels, scores, keypoints, keypoints_scores")));

        List<Detection> left = new ArrayList<>(detector.finish().detections());
        float[] boxes = golden.floats("expected_boxes");
        float[] points = golden.floats("expected_keypoints");
        float[] labels = golden.floats("labels");
        float[] scores = golden.floats("scores");
        float[] pointScores = golden.floats("keypoints_scores");
        assertThat(left).hasSize(scores.length);
        for (int i = 0; i < scores.length; i++) {
            int at = 4 * i;
            Box box = Box.ofCorners(boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]);
            Detection expected = new Detection((int) labels[i] - 1, scores[i], box);
            Detection found = left.stream()
                    .filter(one -> isSame(one, expected))
                    .findFirst()
                    .orElseThrow();
            left.remove(found);
            for (int k = 0; k < 4; k++) {
                KeyPoint point = found.keypoints().get(k);
                assertThat(point.x()).isCloseTo(points[3 * (at + k)], within(1e-2));
                assertThat(point.y()).isCloseTo(points[3 * (at + k) + 1], within(1e-2));
                assertThat(point.visible()).isEqualTo(points[3 * (at + k) + 2] == 1);
                assertThat(point.score()).isCloseTo(pointScores[at + k], within(1e-2));
            }
        }
    }

    /** Torchvision does not clip a mask to its box. */
    @Test
    void masksOfTheWholeInputAreKept() throws IOException {
        Npz golden = golden("masks-in-boxes-28");
        Map<String, Tensor> outputs = returned(golden, "boxes, labels, scores, expected_masks=masks");
        int count = golden.floats("scores").length;
        for (TensorShape shape :
                List.of(TensorShape.of(count, 1, HEIGHT, WIDTH), TensorShape.of(count, HEIGHT, WIDTH))) {
            float[] expected = golden.floats("expected_masks");
            outputs.put("masks", new FloatTensor(shape, expected));
            List<Detection> found = found(outputs, "[a, b, c]", "{decoder: boxes}", 1);
            assertThat(found).hasSize(count);
            for (int i = 0; i < count; i++) {
                int[] picture = new int[WIDTH * HEIGHT];
                Objects.requireNonNull(found.get(i).mask()).paint(picture, WIDTH, 1);
                float[] pixels = Arrays.copyOfRange(expected, i * picture.length, (i + 1) * picture.length);
                assertThat(picture).as("mask %d", i).containsExactly(whole(pixels));
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            1, 32, 48 | 0  | masks of 48 x 32 pixels (width x height) for an input of 96 x 64 pixels
            1, 96, 64 | 0  | masks of 64 x 96 pixels (width x height) for an input of 96 x 64 pixels
            1, 64, 95 | 0  | masks of 95 x 64 pixels (width x height) for an input of 96 x 64 pixels
            1, 0, 0   | 0  | masks of 0 x 0 pixels
            3, 28, 28 | 0  | Expected are boxes [D, 4]
            28        | 0  | Expected are boxes [D, 4]
            1, 28, 28 | -3 | a mask with the value -3.0. Masks must be probabilities
            """)
    void masksOfAnotherFormAreRefused(String shape, float value, String message) throws IOException {
        Map<String, Tensor> outputs = returned(golden("masks-in-boxes-28"), "boxes, labels, scores");
        int[] sizes = Stream.concat(
                        Stream.of(outputs.get("labels").shape().size(0)),
                        Stream.of(shape.split(", ", -1)).map(Integer::valueOf))
                .mapToInt(Integer::intValue)
                .toArray();
        float[] values = new float[IntStream.of(sizes).reduce(1, (a, b) -> a * b)];
        Arrays.fill(values, value);
        outputs.put("masks", new FloatTensor(TensorShape.of(sizes), values));
        assertThatThrownBy(() -> found(outputs, "[a, b, c]", "{decoder: boxes}", 1))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining(message);
    }

    private static int[] whole(float[] values) {
        int[] whole = new int[values.length];
        for (int i = 0; i < whole.length; i++) {
            whole[i] = (int) values[i];
        }
        return whole;
    }

    private static List<Detection> found(Npz golden, String labels, String output, String outputs, double iou) {
        double[] size = golden.has("size") && !outputs.contains("size=")
                ? golden.doubles("size")
                : new double[] {HEIGHT, WIDTH};
        return found(returned(golden, outputs), labels, output, iou, (int) size[1], (int) size[0]);
    }

    private static List<Detection> found(Map<String, Tensor> outputs, String labels, String output, double iou) {
        return found(outputs, labels, output, iou, WIDTH, HEIGHT);
    }

    private static List<Detection> found(
            Map<String, Tensor> outputs, String labels, String output, double iou, int width, int height) {
        ModelManifest manifest = ManifestReader.read(
                "model.yaml",
                "task: detection\nlabels: %s\noutput: %s\nthresholds: {score: 0.3, iou: %s}\n"
                        .formatted(labels, output, iou));
        UprightImage image = UprightImage.of8Bit(width, height, 3, new byte[3 * width * height]);
        Detector detector = new Detector(
                manifest,
                image,
                manifest.preprocessor().prepare(image),
                DetectionLimits.of(manifest, 0.3f, null, 10_000, List.of(), false));
        detector.add(new Prediction(outputs));
        return detector.finish().detections();
    }

    private static boolean isSame(Detection one, Detection other) {
        Box a = one.box();
        Box b = other.box();
        return one.label() == other.label()
                && Math.abs(one.score() - other.score()) <= 1e-6
                && Math.abs(a.x() - b.x()) <= 1e-4
                && Math.abs(a.y() - b.y()) <= 1e-4
                && Math.abs(a.right() - b.right()) <= 1e-4
                && Math.abs(a.bottom() - b.bottom()) <= 1e-4;
    }

    /** Outputs by name; or the levels of a head, as lists, level by level, or as a dictionary. */
    private static Map<String, Tensor> returned(Npz golden, String outputs) {
        Map<String, Tensor> returned = new LinkedHashMap<>();
        if (outputs.contains(",")) {
            for (String one : outputs.split(", ", -1)) {
                String[] names = one.split("=", -1);
                returned.put(names[names.length - 1], golden.anyTensor(names[0]));
            }
            return returned;
        }
        boolean lists = outputs.startsWith("cls") || outputs.startsWith("box");
        List<String> maps = lists ? List.of(outputs.split(" ", -1)) : List.of("cls", "box", "ctr");
        Comparator<String> byMap = Comparator.comparing(name -> maps.indexOf(name.substring(0, 3)));
        Comparator<String> byLevel = Comparator.comparing(name -> name.charAt(3));
        golden.names().stream()
                .filter(name -> !name.startsWith("expected") && !name.equals("size"))
                .sorted(lists ? byMap.thenComparing(byLevel) : byLevel.thenComparing(byMap))
                .forEach(name -> returned.put(
                        outputs.equals("names")
                                ? Map.of("cls", "pred_logits", "box", "bbox_pred", "ctr", "box_ctrness")
                                                .get(name.substring(0, 3))
                                        + "." + name.charAt(3)
                                : "output" + returned.size(),
                        golden.tensor(name)));
        return returned;
    }

    private static Npz golden(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(
                DetectionDecodersTest.class.getResourceAsStream("/golden/decoders/" + name + ".npz"))) {
            return Npz.read(in.readAllBytes());
        }
    }
}
