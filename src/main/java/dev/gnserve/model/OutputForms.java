package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.model.BoxSpec.Form;
import dev.gnserve.model.BoxSpec.Scores;
import dev.gnserve.model.OutputForm.Evidence;
import dev.gnserve.model.OutputSpec.Decoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Finds every form that the outputs of an archive fit, by shapes and by values for noise and for the embedded sample images. A form is
 * left out only if the outputs contradict it.
 */
final class OutputForms {

    /** Greater numbers in a map are those of objects. */
    static final int MOST_CLASSES = 1_000;

    /** What a detector that selects its boxes itself may return. */
    private static final List<String> CHOSEN =
            List.of("boxes", "labels", "scores", "masks", "keypoints", "keypoints_scores");

    private final List<Prediction> predictions;
    private final @Nullable Decoder wished;
    private final Map<String, Tensor> outputs;

    /** @param predictions for several inputs, one or more */
    OutputForms(List<Prediction> predictions) {
        this(predictions, null);
    }

    /** @param wished the decoder that was chosen by name, or null */
    OutputForms(List<Prediction> predictions, @Nullable Decoder wished) {
        this.wished = wished;
        this.predictions = predictions;
        outputs = predictions.get(0).outputs();
    }

    /** All forms that fit, apart from plain tensors, which always do. */
    List<OutputForm> fitting() {
        List<OutputForm> forms = new ArrayList<>(InstanceForms.of(predictions, wished));
        forms.addAll(FamilyForms.fitting(predictions));
        if (forms.stream().anyMatch(form -> form.like() == Like.DETR_PANOPTIC)) {
            denseBoxes(forms);
        }
        if (!forms.isEmpty()) {
            return forms;
        }
        if (outputs.containsKey("labels") && outputs.containsKey("boxes") && outputs.containsKey("scores")) {
            chosenBoxes(forms);
        } else if (outputs.size() == 1 || outputs.containsKey("out")) {
            String only = outputs.containsKey("out")
                    ? "out"
                    : List.copyOf(outputs.keySet()).get(0);
            List<OutputForm> found = new ArrayList<>();
            oneOutput(found, all(only));
            found.forEach(form -> forms.add(form.reading(List.of(only))));
        } else {
            denseBoxes(forms);
        }
        return forms;
    }

    /**
     * The forms of each of several outputs by itself, of several heads, and of families that the values do not show. Nothing shows which
     * of the outputs matters, so they are for a choice by name.
     */
    List<OutputForm> ofOneOutput() {
        if (outputs.size() < 2) {
            return List.of();
        }
        List<OutputForm> forms = new ArrayList<>(FamilyForms.possible(predictions));
        Map<String, Integer> heads = new LinkedHashMap<>();
        for (String name : outputs.keySet()) {
            List<OutputForm> found = new ArrayList<>();
            oneOutput(found, all(name));
            found.forEach(form -> forms.add(form.of(name)));
            found.stream()
                    .filter(form -> form.task() == Task.CLASSIFICATION)
                    .findFirst()
                    .ifPresent(form -> heads.put(name, form.labels()));
        }
        if (heads.size() > 1) {
            List<Tensor> values =
                    heads.keySet().stream().flatMap(name -> all(name).stream()).toList();
            if (OutputFacts.of(values).isFraction()) {
                forms.add(
                        0,
                        OutputForm.heads(Decoder.PROBABILITIES, heads, "several heads with probabilities of labels"));
            } else {
                forms.add(
                        0,
                        OutputForm.heads(
                                Decoder.SIGMOID, heads, "several heads, an image may have several labels of each"));
                forms.add(0, OutputForm.heads(Decoder.SOFTMAX, heads, "several heads, an image has one label of each"));
            }
        }
        return forms;
    }

    /** Names of the outputs that a form does not read. */
    List<String> unused(OutputForm form) {
        return outputs.keySet().stream()
                .filter(name -> !form.reads().isEmpty() && !form.reads().contains(name))
                .toList();
    }

    /** One line for each output: its name, type and shape for one image, and its values. */
    List<String> evidence() {
        return outputs.keySet().stream()
                .map(name -> name + " " + outputs.get(name) + ": "
                        + OutputFacts.of(all(name)).text())
                .toList();
    }

    private List<Tensor> all(String name) {
        return predictions.stream()
                .map(prediction -> prediction.outputs().get(name))
                .filter(Objects::nonNull)
                .toList();
    }

    private static void oneOutput(List<OutputForm> forms, List<Tensor> values) {
        TensorShape shape = values.get(0).shape();
        OutputFacts facts = OutputFacts.of(values);
        boolean numbers = isInteger(values.get(0).type()) || (facts.whole() && facts.greatest() >= 1);
        boolean map = shape.rank() == 2 || (shape.rank() == 3 && shape.size(0) == 1);
        if (!facts.finite()) {
            return;
        }
        if (map && numbers && facts.least() >= 0 && facts.greatest() < MOST_CLASSES) {
            numbers(forms, (int) facts.greatest());
        } else if (shape.rank() == 3 && !numbers) {
            masks(forms, shape, facts);
        } else if (shape.rank() == 1 && !numbers) {
            labels(forms, shape.size(0), facts);
        }
        if (!isInteger(values.get(0).type()) && (shape.rank() == 2 || shape.rank() == 3)) {
            int maps = shape.rank() == 2 ? 1 : shape.size(0);
            forms.add(OutputForm.of(
                    Task.REGRESSION, Decoder.VALUES, maps, "a number for each pixel, such as a depth, as it is"));
        }
        if (EmbeddingSpec.isVector(shape) && !numbers) {
            forms.add(OutputForm.of(
                    Task.EMBEDDING, Decoder.EMBEDDING, 0, "a vector for each image, whose values have no names"));
        }
    }

    private static boolean isInteger(ElementType type) {
        return switch (type) {
            case FP16, FP32, FP64 -> false;
            case BOOL, UINT8, INT8, INT32, INT64 -> true;
        };
    }

    /** A map with as many names as numbers may have no background: images seldom show all classes. */
    private static void numbers(List<OutputForm> forms, int greatest) {
        String seen = ", " + greatest + " is the greatest one seen";
        forms.add(OutputForm.exclusive(Decoder.CLASSES, 0, true, "a map of class numbers, 0 is background" + seen)
                .numbered(1, greatest));
        forms.add(OutputForm.exclusive(Decoder.CLASSES, 0, false, "a map of class numbers, 0 is the first label" + seen)
                .numbered(0, greatest));
    }

    private static void masks(List<OutputForm> forms, TensorShape shape, OutputFacts facts) {
        int channels = shape.size(0);
        List<OutputForm> found = new ArrayList<>();
        if (facts.isDistribution()) {
            found.add(OutputForm.exclusive(
                    Decoder.PROBABILITIES, channels - 1, true, "probabilities of one class a pixel, background first"));
            found.add(OutputForm.exclusive(
                    Decoder.PROBABILITIES, channels, false, "probabilities of one class a pixel, no background"));
        } else if (facts.isFraction()) {
            // So are relative depths, heat maps and pictures.
            found.add(OutputForm.of(
                            Task.SEGMENTATION,
                            Decoder.PROBABILITIES,
                            channels,
                            channels == 1 ? "probabilities of one class" : "probabilities of classes that may overlap")
                    .with(Evidence.OPEN));
            logits(found, channels, facts, Evidence.UNLIKELY, ", though all values are 0 to 1");
        } else {
            logits(found, channels, facts, Evidence.SHOWN, "");
        }
        boolean cube = channels == shape.size(1) && channels == shape.size(2); // Channels may as well be last.
        found.forEach(form -> forms.add(cube && form.evidence() == Evidence.SHOWN ? form.with(Evidence.OPEN) : form));
    }

    /**
     * Nothing shows that a number a pixel is a logit: depths and distances are so, too. As a logit that is never below 0 it would put every
     * pixel of every image into the class.
     */
    private static void logits(
            List<OutputForm> forms, int channels, OutputFacts facts, Evidence evidence, String though) {
        if (channels == 1) {
            String positive = though.isEmpty() && facts.least() >= 0 ? ", though no value is below 0" : though;
            forms.add(OutputForm.of(Task.SEGMENTATION, Decoder.SIGMOID, 1, "logits of one class" + positive)
                    .with(evidence == Evidence.SHOWN ? Evidence.OPEN : evidence));
            return;
        }
        forms.add(OutputForm.exclusive(
                        Decoder.SOFTMAX, channels - 1, true, "logits of one class a pixel, background first" + though)
                .with(evidence));
        forms.add(OutputForm.exclusive(
                        Decoder.SOFTMAX, channels, false, "logits of one class a pixel, no background" + though)
                .with(evidence));
        forms.add(OutputForm.of(
                        Task.SEGMENTATION, Decoder.SIGMOID, channels, "logits of classes that may overlap" + though)
                .with(evidence));
    }

    /** A vector may as well be numbers without names: places, an age, an embedding. Only probabilities that sum to 1 show what they are. */
    private static void labels(List<OutputForm> forms, int values, OutputFacts facts) {
        if (facts.isDistribution()) {
            forms.add(label(Decoder.PROBABILITIES, values, "probabilities of one label an image"));
        } else if (facts.isFraction()) {
            forms.add(label(Decoder.PROBABILITIES, values, "probabilities of labels")
                    .with(Evidence.OPEN));
        }
        if (facts.isDistribution()) {
            return;
        }
        Evidence evidence = facts.isFraction() ? Evidence.UNLIKELY : Evidence.OPEN;
        String though = facts.isFraction() ? ", though all values are 0 to 1" : "";
        if (values > 1) {
            forms.add(label(Decoder.SOFTMAX, values, "logits of one label an image" + though)
                    .with(evidence));
        }
        forms.add(label(Decoder.SIGMOID, values, "logits of labels of which an image may have several" + though)
                .with(evidence));
    }

    private static OutputForm label(Decoder decoder, int labels, String meaning) {
        return OutputForm.of(Task.CLASSIFICATION, decoder, labels, meaning);
    }

    /** Detections that the network chose itself, with label numbers. */
    private void chosenBoxes(List<OutputForm> forms) {
        OutputFacts numbers = OutputFacts.of(all("labels"));
        boolean seen = all("labels").stream().anyMatch(tensor -> tensor.shape().elements() > 0);
        if (seen && !(numbers.whole() && numbers.least() >= 0)) {
            return;
        }
        int greatest = seen ? (int) numbers.greatest() : -1;
        List<Form> known = seen ? BoxForms.of(all("boxes")) : List.of(Form.XYXY, Form.CXCYWH);
        // Detectors that name these three give corners, as torchvision's, unless the numbers contradict it.
        for (Form form : seen && known.contains(Form.XYXY) ? List.of(Form.XYXY) : known) {
            BoxSpec spec = new BoxSpec(form, BoxForms.unit(all("boxes")), Scores.PROBABILITIES);
            for (int first : seen && numbers.least() == 0 ? new int[] {0} : new int[] {1, 0}) {
                String meaning = BoxForms.text(spec) + " with labels from " + first + " and scores";
                forms.add(OutputForm.boxes(Decoder.BOXES, 0, spec, meaning)
                        .numbered(first, greatest)
                        .reading(CHOSEN));
            }
        }
    }

    /** A box and scores for each location or query. */
    private void denseBoxes(List<OutputForm> forms) {
        Prediction first = predictions.get(0);
        List<String> named = nameOf(OutputSpec.named(first, OutputSpec.BOX_NAMES));
        List<String> namedScores = nameOf(OutputSpec.named(first, OutputSpec.SCORE_NAMES));
        List<String> tables = outputs.entrySet().stream()
                .filter(output -> output.getValue().shape().rank() == 2)
                .map(Map.Entry::getKey)
                .toList();
        for (String boxes : named.isEmpty() ? tables : named) {
            for (String scores : namedScores.isEmpty() ? tables : namedScores) {
                TensorShape place = all(boxes).get(0).shape();
                TensorShape values = all(scores).get(0).shape();
                boolean pair = !boxes.equals(scores)
                        && place.rank() == 2
                        && place.size(1) == 4
                        && values.rank() == 2
                        && values.size(0) == place.size(0);
                if (pair) {
                    List<OutputForm> found = new ArrayList<>();
                    boxesWithScores(found, all(boxes), all(scores), values.size(1), boxes.equals("pred_boxes"));
                    found.forEach(form -> forms.add(form.reading(List.of(boxes, scores))));
                }
            }
        }
    }

    private List<String> nameOf(@Nullable Tensor output) {
        return outputs.keySet().stream()
                .filter(name -> outputs.get(name) == output)
                .toList();
    }

    private static void boxesWithScores(
            List<OutputForm> forms, List<Tensor> boxes, List<Tensor> scores, int columns, boolean detr) {
        BoxSpec.Unit unit = BoxForms.unit(boxes);
        List<Form> known = detr && unit == BoxSpec.Unit.FRACTIONS ? List.of(Form.CXCYWH) : BoxForms.of(boxes);
        for (Form form : known) {
            if (OutputFacts.of(scores).isFraction()) {
                BoxSpec spec = new BoxSpec(form, unit, Scores.PROBABILITIES);
                String meaning = BoxForms.text(spec) + " with a score for each label";
                boolean shared = scores.stream().allMatch(OutputForms::rowsSumToOne);
                forms.add(OutputForm.boxes(
                                Decoder.BOXES,
                                columns,
                                spec,
                                shared
                                        ? meaning + "; scores sum to 1, so one label is background or no object"
                                        : meaning)
                        .with(shared ? Evidence.OPEN : Evidence.SHOWN));
                continue;
            }
            BoxSpec sigmoid = new BoxSpec(form, unit, Scores.SIGMOID);
            BoxSpec softmax = new BoxSpec(form, unit, Scores.SOFTMAX);
            Decoder decoder = unit == BoxSpec.Unit.FRACTIONS ? Decoder.DETR : Decoder.BOXES;
            forms.add(OutputForm.boxes(
                    decoder, columns, sigmoid, BoxForms.text(sigmoid) + " with a logit for each label (sigmoid)"));
            if (detr && columns > 1) { // Others, as SSD, have the background first.
                OutputForm set = OutputForm.boxes(
                        decoder,
                        columns - 1,
                        softmax,
                        BoxForms.text(softmax) + " with a logit for each label and, last, no object (softmax)");
                forms.add(
                        OutputFacts.isMostlyLast(scores)
                                ? set
                                : set.with(Evidence.UNLIKELY)
                                        .saying(
                                                ", though no object is seldom the greatest: with as many labels as columns, the last"
                                                        + " one is a label"));
            }
        }
    }

    private static boolean rowsSumToOne(Tensor scores) {
        int columns = scores.shape().size(1);
        float[] values = scores.floats();
        for (int row = 0; row < scores.shape().size(0); row++) {
            double sum = 0;
            for (int i = 0; i < columns; i++) {
                sum += values[row * columns + i];
            }
            if (!OutputFacts.isOne(sum, scores)) {
                return false;
            }
        }
        return columns > 1 && values.length > 0;
    }
}
