package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model's outputs mean.
 *
 * @param decoder how the outputs are decoded
 * @param name of the output with the logits; null for {@code out}, torchvision's name, or else the first output
 * @param channels the meaning of each output channel, in order: a label, {@value #BACKGROUND}, or {@value #BOUNDARY} for the
 *     rim that separates touching objects
 * @param firstLabel the number of the first label, for a detector with label numbers
 * @param exclusive whether a pixel belongs to its most probable channel only; else each label has its own threshold
 * @param atLeast least probability of the most probable channel; a pixel below it belongs to no label
 */
public record OutputSpec(
        Decoder decoder,
        @Nullable String name,
        List<String> channels,
        int firstLabel,
        boolean exclusive,
        float atLeast) {

    public static final String BACKGROUND = "background";
    public static final String BOUNDARY = "boundary";

    /** The name of the logits in torchvision's segmentation networks. */
    static final String USUAL_NAME = "out";

    /**
     * How outputs are decoded. Softmax over the channels: one class per pixel or image. Sigmoid of each channel: classes may
     * overlap. Probabilities: the values are probabilities already. Classes: a finished map, the number of a channel for each
     * pixel, [H, W] or [1, H, W]. Boxes: either two outputs, boxes [N, A, 4] (left, top, right, bottom in input pixels) and scores
     * [N, A, labels] (0 to 1); or, per image or for a single image, a dictionary with boxes [D, 4], labels [D], scores [D] and
     * optionally masks [D, 1, H, W], as from torchvision's detectors. Tensors: not decoded.
     */
    public enum Decoder {
        SOFTMAX,
        SIGMOID,
        PROBABILITIES,
        CLASSES,
        BOXES,
        TENSORS
    }

    public OutputSpec {
        channels = List.copyOf(channels);
        if (exclusive && channels.contains(BOUNDARY)) {
            throw new IllegalArgumentException("exclusive is true, but the channel " + BOUNDARY
                    + " is part of the label next to it; leave exclusive out");
        }
        if (exclusive && decoder == Decoder.SIGMOID) {
            throw new IllegalArgumentException(
                    "exclusive is true, but with the decoder sigmoid classes may overlap; use softmax");
        }
        if (!exclusive && decoder == Decoder.CLASSES) {
            throw new IllegalArgumentException("exclusive is false, but a map of classes has one class a pixel");
        }
        if (!exclusive && atLeast > 0) {
            throw new IllegalArgumentException(
                    "atLeast is given, but classes may overlap here; use thresholds.mask, or exclusive: true");
        }
    }

    /**
     * The output with logits, probabilities or classes.
     *
     * @throws FailureException ENGINE_FAULT if there is no output with this name
     */
    public Tensor logits(Prediction prediction) {
        if (name == null) {
            return usualLogits(prediction);
        }
        Tensor logits = prediction.outputs().get(name);
        if (logits == null) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "model.yaml names the output \"" + name + "\", but the archive returns "
                            + prediction.outputs().keySet());
        }
        return logits;
    }

    /**
     * Boxes and scores of all locations, of a detector that does not select detections itself.
     *
     * @param boxes [A, 4]
     * @param scores [A, labels]
     */
    public record Locations(Tensor boxes, Tensor scores) {}

    /** Whether the detector selected the detections itself: it then has the output {@code labels}. */
    public static boolean isChosen(Prediction prediction) {
        return prediction.outputs().containsKey("labels");
    }

    /**
     * The outputs with boxes and scores: those with these names, or else the first and the last.
     *
     * @throws FailureException ENGINE_FAULT if they do not fit the labels
     */
    public Locations locations(Prediction prediction) {
        List<Tensor> outputs = List.copyOf(prediction.outputs().values());
        Tensor boxes = prediction.outputs().getOrDefault("boxes", outputs.get(0));
        Tensor scores = prediction.outputs().getOrDefault("scores", outputs.get(outputs.size() - 1));
        if (outputs.size() < 2
                || boxes.shape().rank() != 2
                || boxes.shape().size(1) != 4
                || scores.shape().rank() != 2
                || scores.shape().size(0) != boxes.shape().size(0)
                || scores.shape().size(1) != channels.size()) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "The model returned %s, but its model.yaml declares boxes [A, 4] and scores [A, %d], one score for each of %s."
                            .formatted(prediction.outputs(), channels.size(), channels));
        }
        return new Locations(boxes, scores);
    }

    /** The output with the logits if the manifest does not name one. */
    static Tensor usualLogits(Prediction prediction) {
        return prediction.outputs().getOrDefault(USUAL_NAME, prediction.first());
    }
}
