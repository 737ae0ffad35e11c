package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.model.OutputSpec.Decoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Finds every form that the outputs of an archive fit, by shapes and by values for noise and for the embedded sample images. A form is
 * left out only if the outputs contradict it.
 */
final class OutputForms {

    private final List<Prediction> predictions;
    private final Map<String, Tensor> outputs;

    /** @param predictions for several inputs, one or more */
    OutputForms(List<Prediction> predictions) {
        this.predictions = predictions;
        outputs = predictions.get(0).outputs();
    }

    /** All forms that fit, apart from plain tensors, which always do. */
    List<OutputForm> fitting() {
        List<OutputForm> forms = new ArrayList<>();
        if (outputs.containsKey("labels") && outputs.containsKey("boxes") && outputs.containsKey("scores")) {
            chosenBoxes(forms);
        } else if (outputs.size() == 1 || outputs.containsKey("out")) {
            oneOutput(forms, all(OutputSpec.usualLogits(predictions.get(0))));
        } else if (outputs.size() == 2) {
            denseBoxes(forms);
        }
        return forms;
    }

    /** One line for each output: its name, type and shape for one image, and its values. */
    List<String> evidence() {
        return outputs.keySet().stream()
                .map(name -> name + " " + outputs.get(name) + ": "
                        + OutputFacts.of(all(name)).text())
                .toList();
    }

    private List<Tensor> all(Tensor output) {
        return outputs.entrySet().stream()
                .filter(entry -> entry.getValue() == output)
                .findFirst()
                .map(entry -> all(entry.getKey()))
                .orElseThrow();
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
        if (map && numbers && facts.least() >= 0) {
            int labels = (int) facts.greatest();
            forms.add(mask(
                    Decoder.CLASSES,
                    true,
                    0,
                    true,
                    "a map of class numbers, 0 is background, " + labels + " is the greatest one seen"));
        } else if (shape.rank() == 3 && !numbers) {
            masks(forms, shape.size(0), facts);
        } else if (shape.rank() == 1 && !numbers) {
            labels(forms, shape.size(0), facts);
        }
    }

    private static boolean isInteger(ElementType type) {
        return switch (type) {
            case FP16, FP32, FP64 -> false;
            case BOOL, UINT8, INT8, INT32, INT64 -> true;
        };
    }

    private static void masks(List<OutputForm> forms, int channels, OutputFacts facts) {
        if (facts.isDistribution()) {
            forms.add(mask(
                    Decoder.PROBABILITIES,
                    true,
                    channels - 1,
                    true,
                    "probabilities of one class a pixel, background first"));
            forms.add(mask(
                    Decoder.PROBABILITIES, true, channels, false, "probabilities of one class a pixel, no background"));
        } else if (facts.isFraction()) {
            forms.add(mask(Decoder.PROBABILITIES, false, channels, false, "probabilities of classes that may overlap"));
        } else if (channels == 1) {
            forms.add(mask(Decoder.SIGMOID, false, 1, false, "logits of one class"));
        } else {
            forms.add(mask(Decoder.SOFTMAX, true, channels - 1, true, "logits of one class a pixel, background first"));
            forms.add(mask(Decoder.SOFTMAX, true, channels, false, "logits of one class a pixel, no background"));
            forms.add(mask(Decoder.SIGMOID, false, channels, false, "logits of classes that may overlap"));
        }
    }

    private static OutputForm mask(Decoder decoder, boolean exclusive, int labels, boolean background, String meaning) {
        return new OutputForm(Task.SEGMENTATION, decoder, exclusive, labels, background, meaning);
    }

    private static void labels(List<OutputForm> forms, int values, OutputFacts facts) {
        if (facts.isFraction()) {
            forms.add(label(Decoder.PROBABILITIES, values, "probabilities of labels"));
        } else {
            if (values > 1) {
                forms.add(label(Decoder.SOFTMAX, values, "logits of one label an image"));
            }
            forms.add(label(Decoder.SIGMOID, values, "logits of labels of which an image may have several"));
        }
    }

    private static OutputForm label(Decoder decoder, int labels, String meaning) {
        return new OutputForm(Task.CLASSIFICATION, decoder, false, labels, false, meaning);
    }

    private void chosenBoxes(List<OutputForm> forms) {
        OutputFacts labels = OutputFacts.of(all("labels"));
        boolean seen = all("labels").stream().anyMatch(tensor -> tensor.shape().elements() > 0);
        boolean fits = !seen || (labels.whole() && labels.least() >= 1 && areCorners(all("boxes")));
        if (fits) {
            forms.add(boxes(0, "boxes (left, top, right, bottom in pixels) with labels from 1 and scores"));
        }
    }

    private void denseBoxes(List<OutputForm> forms) {
        List<Tensor> both = List.copyOf(outputs.values());
        TensorShape last = outputs.getOrDefault("scores", both.get(1)).shape();
        if (last.rank() != 2) {
            return;
        }
        int labels = last.size(1);
        String boxes = outputs.containsKey("boxes")
                ? "boxes"
                : List.copyOf(outputs.keySet()).get(0);
        String scores = outputs.containsKey("scores")
                ? "scores"
                : List.copyOf(outputs.keySet()).get(1);
        TensorShape first = all(boxes).get(0).shape();
        boolean fits = first.rank() == 2
                && first.size(1) == 4
                && first.size(0) == last.size(0)
                && OutputFacts.of(all(scores)).isFraction()
                && areCorners(all(boxes));
        if (fits) {
            forms.add(boxes(labels, "boxes (left, top, right, bottom in pixels) with a score for each label"));
        }
    }

    private static OutputForm boxes(int labels, String meaning) {
        return new OutputForm(Task.DETECTION, Decoder.BOXES, false, labels, false, meaning);
    }

    /** Whether boxes are left, top, right, bottom in pixels: ordered, and not all within 0 to 1. */
    private static boolean areCorners(List<Tensor> boxes) {
        boolean pixels = false;
        for (Tensor tensor : boxes) {
            float[] values = tensor.floats();
            for (int i = 0; i + 3 < values.length; i += 4) {
                if (!(values[i] <= values[i + 2] && values[i + 1] <= values[i + 3])) {
                    return false;
                }
                pixels |= values[i + 2] > 2 || values[i + 3] > 2;
            }
        }
        return pixels;
    }
}
