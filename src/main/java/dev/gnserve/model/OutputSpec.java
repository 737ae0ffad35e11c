package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model's output means.
 *
 * @param decoder from the output to what it says
 * @param name of the output that holds the logits; null for {@code out}, torchvision's name, or else the first
 * @param channels what each output channel stands for, in their order: a label, {@value #BACKGROUND}, or
 *     {@value #BOUNDARY} for the rim that separates touching objects
 * @param firstLabel what a detector that gives label numbers gives for the first label
 */
public record OutputSpec(Decoder decoder, @Nullable String name, List<String> channels, int firstLabel) {

    public static final String BACKGROUND = "background";
    public static final String BOUNDARY = "boundary";

    /** How torchvision's segmentation networks name their logits. */
    private static final String USUAL_NAME = "out";

    /**
     * Softmax over the channels: one class per pixel or image. Sigmoid of each channel: classes may overlap. Boxes: either
     * two outputs, boxes [N, A, 4] (left, top, right, bottom in input pixels) and scores [N, A, labels] (0 to 1); or, for
     * every image or for one, a dictionary with boxes [D, 4], labels [D] and scores [D], and perhaps masks [D, 1, H, W], as
     * torchvision's detectors give. Tensors: no meaning, they are given as they are.
     */
    public enum Decoder {
        SOFTMAX,
        SIGMOID,
        BOXES,
        TENSORS
    }

    public OutputSpec {
        channels = List.copyOf(channels);
    }

    /**
     * The output that holds the logits.
     *
     * @throws dev.gnserve.failure.FailureException ENGINE_FAULT if there is none of that name
     */
    public Tensor logits(Prediction prediction) {
        if (name == null) {
            return usualLogits(prediction);
        }
        Tensor logits = prediction.outputs().get(name);
        if (logits == null) {
            throw Failure.of(
                            FailureCode.ENGINE_FAULT,
                            "model.yaml names the output \"" + name + "\" and the archive gives "
                                    + prediction.outputs().keySet())
                    .asException();
        }
        return logits;
    }

    /**
     * Boxes and scores of every location, of a detector that leaves the choice to others.
     *
     * @param boxes [A, 4]
     * @param scores [A, labels]
     */
    public record Locations(Tensor boxes, Tensor scores) {}

    /** Whether a detector chose by itself, and gives label numbers. */
    public static boolean isChosen(Prediction prediction) {
        return prediction.outputs().containsKey("labels");
    }

    /**
     * The outputs that hold boxes and scores: those of these names, or the first and the last.
     *
     * @throws dev.gnserve.failure.FailureException ENGINE_FAULT if they do not fit the labels
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
            throw Failure.of(
                            FailureCode.ENGINE_FAULT,
                            "The model gave %s, but its model.yaml promises boxes [A, 4] and scores [A, %d], one score for each of %s."
                                    .formatted(prediction.outputs(), channels.size(), channels))
                    .asException();
        }
        return new Locations(boxes, scores);
    }

    /** The output that holds the logits where the manifest does not name one. */
    static Tensor usualLogits(Prediction prediction) {
        return prediction.outputs().getOrDefault(USUAL_NAME, prediction.first());
    }
}
