package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.OutputSpec.Decoder;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The forms that fit outputs, and the decoders that a model is refused for, on outputs of public families. */
class OutputFormsTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            probabilities-softmax | output | --decoder probabilities --labels x; --decoder probabilities --labels x; --task regression --labels x
            probabilities-sigmoid | output | --decoder probabilities --labels x; --decoder softmax --labels x; --decoder softmax --labels x; --decoder sigmoid --labels x; --task regression --labels x
            softmax-nonsquare | output | --decoder softmax --labels x; --decoder softmax --labels x; --decoder sigmoid --labels x; --task regression --labels x
            classes | output | --decoder classes --first-label 1 --labels x; --decoder classes --first-label 0 --labels x; --task regression --labels x
            detr-softmax | logits, pred_boxes | --decoder detr --boxes cxcywh --labels x; --decoder detr --boxes cxcywh --labels x
            boxes-xyxy-pixels | labels, scores, boxes | --decoder boxes --boxes xyxy --first-label 1 --labels x; --decoder boxes --boxes xyxy --first-label 0 --labels x
            hovernet-0 | nucleus_prediction, horizontal_vertical, type_prediction | --decoder hovernet --labels x
            stardist-0 | probability, distances | --decoder stardist --labels x
            yolo-chosen | output | --like yolov10 --first-label 0 --labels x
            yolov8 | output | --like yolov8 --labels x
            yolov5 | output | --like yolov5 --labels x
            boxes-cxcywh-fractions | labels, scores, boxes | --decoder boxes --boxes cxcywh --first-label 1 --labels x; --decoder boxes --boxes cxcywh --first-label 0 --labels x; --decoder boxes --boxes xywh --first-label 1 --labels x; --decoder boxes --boxes xywh --first-label 0 --labels x
            """)
    void everyFormIsFoundThatTheValuesAllow(String name, String outputs, String expected) throws IOException {
        OutputForms forms = new OutputForms(List.of(golden(name, outputs)));

        assertThat(String.join(
                        "; ",
                        forms.fitting().stream()
                                .map(form -> form.options(List.of("x")))
                                .toList()))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            probabilities-softmax | output | task: segmentation | [a, b, c] | {decoder: softmax} | its softmax is done already
            softmax-nonsquare | output | task: segmentation | [a, b] | {decoder: probabilities} | Probabilities are 0 to 1
            probabilities-sigmoid | output | task: segmentation | [a, b] | {decoder: probabilities} | exclusive: false
            softmax-nonsquare | output | task: segmentation | [a, b] | {decoder: classes} | map of classes
            classes | output | task: segmentation | [a] | {decoder: classes} | declares the classes 0 to 1
            detr-softmax | logits, pred_boxes | task: detection | [a, b, c] | {decoder: boxes} | {scores: sigmoid}
            detr-softmax | logits, pred_boxes | task: detection | [a, b, c] | {scores: sigmoid, boxes: cxcywh} | unit: fractions
            detr-softmax | logits, pred_boxes | task: detection | [a, b, c] | {decoder: detr} | no object
            boxes-cxcywh-pixels | labels, scores, boxes | task: detection | [a, b, c] | {decoder: boxes} | output.boxes is xyxy
            boxes-xyxy-fractions | labels, scores, boxes | task: detection | [a, b, c] | {decoder: boxes} | {unit: fractions}
            hovernet-0 | nucleus_prediction, horizontal_vertical, type_prediction | task: segmentation | [a] | {decoder: hovernet} | has 5 types
            hovernet-0 | nucleus_prediction, horizontal_vertical | task: segmentation | [a, b] | {decoder: hovernet} | needs one label
            hovernet-0 | nucleus_prediction | task: segmentation | [a] | {decoder: hovernet} | needs a dictionary
            hovernet-0 | nucleus_prediction, horizontal_vertical | task: segmentation | [a] | {decoder: hovernet} | show the whole input
            stardist-0 | probability, distances | task: segmentation | [a, b] | {decoder: stardist} | needs one label
            stardist-0 | distances | task: segmentation | [a] | {decoder: stardist} | needs two outputs
            softmax-nonsquare | output | task: segmentation | [a] | {decoder: cellpose} | show the whole input
            probabilities-softmax | output | task: segmentation | [a] | {decoder: cellpose} | needs an output [3, height, width]
            """)
    void aDecoderThatDoesNotFitIsRefusedWithWhatToDo(
            String name, String outputs, String task, String labels, String output, String says) throws IOException {
        ModelManifest manifest =
                ManifestReader.read("model.yaml", "%s\nlabels: %s\noutput: %s\n".formatted(task, labels, output));
        Prediction prediction = golden(name, outputs);

        assertThatThrownBy(() -> OutputFit.require(manifest, prediction))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining(says);
    }

    /** Forms that values and the number of labels show, so that nothing more has to be said. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            logits of three channels        | 2 | SOFTMAX
            logits of three channels        | 3 | SOFTMAX, SIGMOID
            logits of one channel           | 1 |
            depths                          | 1 |
            fractions of one channel        | 1 |
            fractions of three channels     | 3 |
            fractions of three channels     | 2 |
            fractions that sum to one       | 2 | PROBABILITIES
            fractions that sum to one       | 3 | PROBABILITIES
            as many channels as rows        | 7 |
            class numbers up to 2           | 1 |
            class numbers up to 2           | 2 | CLASSES
            class numbers up to 2           | 3 | CLASSES, CLASSES
            a vector of fractions           | 4 |
            a vector that sums to one       | 4 | PROBABILITIES
            one number                      | 1 |
            a probability and features      | 1 |
            rows of scores that sum to one  | 2 |
            large boxes of either form      | 2 | BOXES, BOXES
            queries of which few show objects | 2 | DETR
            queries of which few show objects | 3 | DETR
            queries that all show objects   | 2 |
            queries that all show objects   | 3 | DETR
            """)
    void valuesThatOtherOutputsHaveTooShowNoForm(String outputs, int labels, @Nullable String shown) {
        List<OutputForm> forms = new OutputForms(List.of(made(outputs)))
                .fitting().stream()
                        .filter(form -> form.takes(labels))
                        .filter(form -> form.isShownWith(null, null))
                        .toList();

        assertThat(forms)
                .extracting(form -> form.decoder().toString())
                .containsExactly(shown == null ? new String[0] : shown.split(", ", -1));
    }

    private static Prediction made(String outputs) {
        return switch (outputs) {
            case "logits of three channels" -> one(noise(3, 8, 12));
            case "logits of one channel" -> one(noise(1, 8, 12));
            case "depths" -> one(values(1, 8, 12, i -> 1.5f + i));
            case "fractions of one channel" -> one(values(1, 8, 12, i -> i / 100f));
            case "fractions of three channels" -> one(values(3, 8, 12, i -> i / 300f));
            case "fractions that sum to one" -> one(values(3, 8, 12, i -> i < 96 ? 0.5f : 0.25f));
            case "as many channels as rows" -> one(noise(8, 8, 8));
            case "class numbers up to 2" -> one(values(1, 8, 12, i -> i % 3));
            case "a vector of fractions" -> one(Tensor.of(new float[] {0.9f, 0.1f, 0.4f, 0.3f}, 4));
            case "a vector that sums to one" -> one(Tensor.of(new float[] {0.25f, 0.25f, 0.125f, 0.375f}, 4));
            case "one number" -> one(Tensor.of(new float[] {-0.5f}, 1));
            case "a probability and features" ->
                new Prediction(ordered(values(1, 8, 12, i -> i / 100f), values(16, 8, 12, i -> i % 5)));
            case "rows of scores that sum to one" ->
                new Prediction(ordered(
                        Tensor.of(new float[] {0, 0, 9, 9, 40, 30, 50, 44}, 2, 4),
                        Tensor.of(new float[] {0.25f, 0.75f, 0.5f, 0.5f}, 2, 2)));
            case "large boxes of either form" ->
                new Prediction(ordered(
                        Tensor.of(new float[] {0.45f, 0.48f, 0.52f, 0.5f, 0.5f, 0.5f, 0.51f, 0.5f}, 2, 4),
                        Tensor.of(new float[] {0.25f, 0.5f, 0.5f, 0.5f}, 2, 2)));
            case "queries of which few show objects", "queries that all show objects" ->
                new Prediction(Map.of(
                        "logits",
                        Tensor.of(
                                values(1, 10, 3, i -> i % 3 == (outputs.contains("all") ? 1 : 2) ? 3f : -i)
                                        .floats(),
                                10,
                                3),
                        "pred_boxes",
                        fractions(10, 4)));
            default -> throw new IllegalArgumentException(outputs);
        };
    }

    private static Prediction one(Tensor output) {
        return new Prediction(Map.of("output", output));
    }

    private interface ValueAt {
        float of(int index);
    }

    private static Tensor values(int channels, int height, int width, ValueAt value) {
        float[] values = new float[channels * height * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = value.of(i);
        }
        return Tensor.of(values, channels, height, width);
    }

    /** No value shows that channels are flows, or that values are distances: these decoders are chosen by name. */
    @Test
    void aDecoderThatNoValueShowsIsFoundByItsNameOnly() {
        List<Prediction> flows = List.of(new Prediction(Map.of("output", noise(3, 16, 24))));
        Tensor probability = Tensor.of(new float[16 * 24], 1, 16, 24);
        List<Prediction> rays = List.of(new Prediction(ordered(probability, noise(32, 16, 24))));

        assertThat(decoders(new OutputForms(flows))).doesNotContain(Decoder.CELLPOSE);
        assertThat(decoders(new OutputForms(flows, Decoder.CELLPOSE))).containsExactly(Decoder.CELLPOSE);
        assertThat(decoders(new OutputForms(rays))).doesNotContain(Decoder.STARDIST);
        assertThat(decoders(new OutputForms(rays, Decoder.STARDIST))).containsExactly(Decoder.STARDIST);
    }

    /** The least number seen may be 0, and the names must be enough for the greatest one. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            1, 3 | 2 |
            1, 3 | 3 | 1
            1, 3 | 4 | 1, 0
            0, 3 | 3 |
            0, 3 | 4 | 0
            0, 3 | 9 | 0
            """)
    void labelNumbersShowTheFirstLabel(String numbers, int names, @Nullable String first) {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        String[] seen = numbers.split(", ", -1);
        outputs.put("boxes", Tensor.of(new float[] {1, 2, 30, 40, 5, 6, 70, 80}, 2, 4));
        outputs.put("labels", Tensor.of(new float[] {Float.parseFloat(seen[0]), Float.parseFloat(seen[1])}, 2));
        outputs.put("scores", Tensor.of(new float[] {0.5f, 0.25f}, 2));

        List<OutputForm> forms = new OutputForms(List.of(new Prediction(outputs)))
                .fitting().stream().filter(form -> form.takes(names)).toList();

        assertThat(forms)
                .extracting(form -> String.valueOf(form.firstLabel()))
                .containsExactly(first == null ? new String[0] : first.split(", ", -1));
        assertThat(forms)
                .allSatisfy(
                        form -> assertThat(form.manifest("", Map.of())).contains("firstLabel: " + form.firstLabel()));
    }

    /** EfficientDet numbers labels from 1, YOLO from 0; boxes of either form, and padding alone, show nothing. */
    @Test
    void rowsOfChosenBoxesShowTheFirstLabel() {
        assertThat(rows(10, 10, 40, 50, 0.9f, 0, 80, 85, 95, 95, 0.8f, 1)).containsExactly("0 SHOWN");
        assertThat(rows(10, 10, 40, 50, 0.9f, 1, 80, 85, 95, 95, 0.8f, 2)).containsExactly("0 SHOWN", "1 SHOWN");
        assertThat(rows(40, 40, 50, 60, 0.9f, 0, 0, 0, 0, 0, 0, 0)).containsExactly("0 UNLIKELY");
        assertThat(rows(10, 10, 40, 50, 1, 0, 80, 85, 95, 95, 1, 1)).containsExactly("0 UNLIKELY");
        assertThat(rows(0, 0, 0, 0, 0, 0)).containsExactly("0 UNLIKELY", "1 UNLIKELY");
        assertThat(rows(40, 50, 10, 10, 0.9f, 0, 60, 60, 9, 9, 0.8f, 1)).isEmpty();
        assertThat(rows(0.1f, 0.1f, 0.4f, 0.5f, 0.9f, 0, 0.6f, 0.6f, 0.9f, 0.9f, 0.8f, 1))
                .isEmpty();
        assertThat(rows(10, 10, 40, 50, 0.9f, 0.5f, 80, 85, 95, 95, 0.8f, 1)).isEmpty();
    }

    /** So many rows may be all locations of a network that does not choose. */
    @Test
    void thousandsOfRowsMayNotBeChosenYet() {
        float[] values = new float[6 * 8_400];
        for (int i = 0; i < values.length; i += 6) {
            System.arraycopy(new float[] {10, 10, 40, 50, 0.9f, (i / 6) % 2}, 0, values, i, 6);
        }

        assertThat(rows(values)).containsExactly("0 UNLIKELY");
    }

    private static List<String> rows(float... values) {
        return YoloRows.fitting(List.of(one(Tensor.of(values, values.length / 6, 6)))).stream()
                .map(form -> form.firstLabel() + " " + form.evidence())
                .toList();
    }

    @Test
    void levelsOfDistributionsAreForAChoiceByName() {
        Map<String, Tensor> together = ordered(noise(67, 16, 24), noise(67, 8, 12));
        Map<String, Tensor> apart = ordered(noise(3, 16, 24), noise(64, 16, 24), noise(3, 8, 12), noise(64, 8, 12));

        for (Map<String, Tensor> outputs : List.of(together, apart)) {
            assertThat(forms(outputs)).isEmpty();
            assertThat(new OutputForms(List.of(new Prediction(outputs))).ofOneOutput())
                    .first()
                    .extracting(form -> form.options(List.of("x")))
                    .isEqualTo("--like yolov8-levels --labels x");
        }
    }

    /** Channels in the middle and channels last are told apart by the sides of the input. */
    @ParameterizedTest
    @CsvSource({
        "96, 64, 3, true",
        "48, 32, 2, true",
        "3, 96, 64, false",
        "64, 96, 3, false",
        "96, 64, 96, true",
        "1, 96, 64, false"
    })
    void channelsThatAreLastAreSeen(int first, int second, int third, boolean last) {
        assertThat(ArchiveInput.hasChannelsLast(one(noise(first, second, third)), 96, 64))
                .isEqualTo(last);
    }

    /** A number for each image has no axis here. */
    @Test
    void aMapBesideANumberIsNoLevel() {
        Map<String, Tensor> outputs = ordered(noise(2, 16, 24), Tensor.of(new float[] {1}));

        assertThat(new OutputForms(List.of(new Prediction(outputs))).ofOneOutput())
                .noneMatch(form -> form.options(List.of("x")).contains("yolo"));
    }

    private static List<Decoder> decoders(OutputForms forms) {
        return forms.fitting().stream().map(OutputForm::decoder).toList();
    }

    @Test
    void headsAreRecognizedByTheirLevels() {
        Tensor[] fcos = {
            noise(3, 16, 24),
            noise(3, 8, 12),
            distances(4, 16, 24),
            distances(4, 8, 12),
            noise(1, 16, 24),
            noise(1, 8, 12)
        };
        assertThat(forms(ordered(fcos)))
                .containsExactly("--like fcos --labels x", "--like torchvision-fcos --labels x");
        fcos[2] = noise(4, 16, 24); // Distances are not negative.
        assertThat(forms(ordered(fcos))).isEmpty();
        assertThat(forms(ordered(noise(18, 16, 24), noise(18, 8, 12), noise(36, 16, 24), noise(36, 8, 12))))
                .containsExactly(
                        "--like torchvision-retinanet --labels x",
                        "--like detectron2-retinanet --labels x",
                        "--like efficientdet --labels x");
        assertThat(forms(ordered(noise(6, 16, 24), noise(6, 8, 12), noise(12, 16, 24), noise(12, 8, 12))))
                .as("EfficientDet has nine anchors, not three")
                .containsExactly("--like torchvision-retinanet --labels x", "--like detectron2-retinanet --labels x");
        assertThat(forms(Map.of("class_queries_logits", noise(10, 4), "masks_queries_logits", noise(10, 16, 24))))
                .hasSize(6)
                .contains("--like mask2former-panoptic --labels x");
        Map<String, Tensor> crowded =
                Map.of("logits", noise(10, 4), "pred_masks", noise(10, 16, 24), "pred_boxes", fractions(10, 4));
        assertThat(shown(crowded)).as("no object is seldom the greatest").noneMatch(form -> form.contains("--like"));
        Map<String, Tensor> detr =
                Map.of("logits", mostlyLast(10, 4), "pred_masks", noise(10, 16, 24), "pred_boxes", fractions(10, 4));
        assertThat(shown(detr)).contains("--like detr-panoptic --labels x").noneMatch(form -> form.contains("former"));
        assertThat(forms(detr)).contains("--like mask2former-instance --labels x", "--like detr-panoptic --labels x");
        // Softmax would run a second time.
        assertThat(shown(Map.of(
                        "logits", fractions(10, 4), "pred_masks", noise(10, 16, 24), "pred_boxes", fractions(10, 4))))
                .noneMatch(form -> form.contains("--like"));
        assertThat(forms(ordered(noise(1, 16, 24), distances(32, 16, 24)))).isEmpty();
        assertThat(forms(ordered(noise(3, 12, 12), noise(16, 12, 12), noise(16, 16, 24))))
                .isEmpty(); // Scores are 0 to 1.
        Tensor scores = new FloatTensor(TensorShape.of(3, 12, 12), new float[3 * 144]);
        assertThat(forms(ordered(scores, noise(16, 12, 12), noise(16, 16, 24))))
                .containsExactly("--like solov2 --labels x", "--like solov2-all --labels x");
    }

    private static List<String> forms(Map<String, Tensor> outputs) {
        return new OutputForms(List.of(new Prediction(outputs)))
                .fitting().stream().map(form -> form.options(List.of("x"))).toList();
    }

    private static List<String> shown(Map<String, Tensor> outputs) {
        return new OutputForms(List.of(new Prediction(outputs)))
                .fitting().stream()
                        .filter(form -> form.evidence() == OutputForm.Evidence.SHOWN)
                        .map(form -> form.options(List.of("x")))
                        .toList();
    }

    private static Tensor fractions(int... sizes) {
        float[] values = noise(sizes).floats();
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.min(1, Math.abs(values[i] / 3));
        }
        return new FloatTensor(TensorShape.of(sizes), values);
    }

    /** Logits of queries that show no object. */
    private static Tensor mostlyLast(int rows, int columns) {
        float[] values = noise(rows, columns).floats();
        for (int i = columns - 1; i < values.length; i += columns) {
            values[i] += 9;
        }
        return Tensor.of(values, rows, columns);
    }

    private static Tensor distances(int... sizes) {
        float[] values = noise(sizes).floats();
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.abs(values[i]);
        }
        return new FloatTensor(TensorShape.of(sizes), values);
    }

    /** Descendants of DETR have no column for no object: with one label too few, a name tells the two forms apart. */
    @Test
    void aNameTellsDetrsDescendantsApart() {
        List<OutputForm> forms = new OutputForms(
                        List.of(new Prediction(Map.of("logits", noise(10, 4), "pred_boxes", fractions(10, 4)))))
                .fitting();

        for (String name : List.of("deformable-detr", "conditional-detr", "dab-detr", "rt-detr")) {
            assertThat(Like.named(name)).hasSize(1);
            assertThat(forms.stream().filter(Like.named(name).get(0)::means))
                    .singleElement()
                    .extracting(OutputForm::labels)
                    .isEqualTo(4);
        }
        assertThat(forms.stream().filter(Like.DETR::means)).hasSize(2);
    }

    @Test
    void namesOfFamiliesMeanOneOrSeveral() {
        assertThat(Like.named("oneformer"))
                .containsExactly(Like.MASKFORMER_SEMANTIC, Like.MASK2FORMER_INSTANCE, Like.MASKFORMER_PANOPTIC);
        assertThat(Like.named("oneformer-panoptic")).containsExactly(Like.MASKFORMER_PANOPTIC);
        assertThat(Like.named("retinanet")).containsExactly(Like.TORCHVISION_RETINANET, Like.DETECTRON2_RETINANET);
        assertThat(Like.named("efficientdet")).containsExactly(Like.EFFICIENTDET);
        assertThatThrownBy(() -> Like.named("centernet"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the family is 'centernet', allowed are fcos,")
                .hasMessageEndingWith("oneformer-semantic, rt-detr");
    }

    /** The thresholds with which published pictures are made. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            yolov8        | score: 0.25, iou: 0.7
            yolov5        | score: 0.25, iou: 0.45
            yolov10       | score: 0.25
            yolov8-levels | score: 0.25, iou: 0.7
            efficientdet  | maxDetections: 100
            solov2        |
            """)
    void aFamilyBringsItsThresholds(String name, @Nullable String thresholds) {
        String manifest = OutputForm.like(Like.named(name).get(0), 1).manifest("", Map.of());

        assertThat(manifest.substring(manifest.indexOf('\n') + 1))
                .isEqualTo(thresholds == null ? "" : "thresholds: {" + thresholds + "}\n");
        assertThat(ManifestReader.read("model.yaml", "task: detection\nlabels: [a]\n" + manifest)
                        .output()
                        .decoder())
                .isEqualTo(Like.named(name).get(0).decoder());
    }

    @Test
    void familiesWithoutADecoderAreNamed() {
        assertThat(refusal(ordered(noise(1, 16, 24), noise(32, 16, 24)))).contains("StarDist");
        assertThat(refusal(ordered(noise(20, 5), noise(20), noise(20)))).contains("oriented boxes");
        assertThat(refusal(ordered(noise(7))))
                .doesNotContain("look like")
                .contains("No decoder of gnserve fits these outputs.");
    }

    private static String refusal(Map<String, Tensor> outputs) {
        return OutputFamilies.refusal(new Prediction(outputs));
    }

    private static Map<String, Tensor> ordered(Tensor... outputs) {
        Map<String, Tensor> named = new LinkedHashMap<>();
        for (Tensor output : outputs) {
            named.put("output" + named.size(), output);
        }
        return named;
    }

    private static Tensor noise(int... sizes) {
        TensorShape shape = TensorShape.of(sizes);
        float[] values = new float[shape.elements()];
        Random random = new Random(5);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new FloatTensor(shape, values);
    }

    private static Prediction golden(String name, String outputs) throws IOException {
        Map<String, Tensor> named = new LinkedHashMap<>();
        try (InputStream in = Objects.requireNonNull(
                OutputFormsTest.class.getResourceAsStream("/golden/decoders/" + name + ".npz"))) {
            Npz golden = Npz.read(in.readAllBytes());
            for (String output : outputs.split(", ", -1)) {
                named.put(output, golden.tensor(output));
            }
        }
        return new Prediction(named);
    }
}
