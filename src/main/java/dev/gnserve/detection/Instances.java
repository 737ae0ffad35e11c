package dev.gnserve.detection;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Box;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.model.ModelManifest;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The outputs of a detector with its own suppression, as torchvision's, for one input: boxes, labels, scores and optionally masks. */
final class Instances {

    private final float[] boxes;
    private final float[] labels;
    private final float[] scores;
    private final @Nullable Tensor masks;
    private final float[] maskValues;
    private final int firstLabel;
    private final List<String> names;

    private Instances(float[] boxes, Tensor labels, Tensor scores, @Nullable Tensor masks, ModelManifest manifest) {
        this.boxes = boxes;
        this.labels = labels.floats();
        this.scores = scores.floats();
        this.masks = masks;
        this.maskValues = masks == null ? new float[0] : masks.floats();
        this.firstLabel = manifest.output().firstLabel();
        this.names = manifest.labels();
    }

    /**
     * Reads the outputs.
     *
     * @param width of the input
     * @param height of the input
     * @throws FailureException ENGINE_FAULT if one is missing, or their shapes do not match
     */
    static Instances of(Prediction prediction, ModelManifest manifest, int width, int height) {
        Tensor boxes = prediction.outputs().get("boxes");
        Tensor labels = prediction.outputs().get("labels");
        Tensor scores = prediction.outputs().get("scores");
        Tensor masks = prediction.outputs().get("masks");
        if (boxes == null || labels == null || scores == null) {
            throw unfit(prediction);
        }
        int count = labels.shape().elements();
        boolean fits = boxes.shape().elements() == 4 * count
                && scores.shape().elements() == count
                && (masks == null || (masks.shape().rank() >= 3 && masks.shape().size(0) == count));
        if (!fits) {
            throw unfit(prediction);
        }
        float[] corners = manifest.output().boxes().corners(boxes, width, height);
        return new Instances(corners, labels, scores, masks, manifest);
    }

    int count() {
        return labels.length;
    }

    float score(int index) {
        return scores[index];
    }

    /** Whether its label is below the first one of the model: torchvision's 0 for background. */
    boolean isBackground(int index) {
        return labels[index] < firstLabel;
    }

    /**
     * The object at an index that is not background, in pixels of the input, without its mask.
     *
     * @throws FailureException ENGINE_FAULT if model.yaml does not have its label
     */
    Detection detection(int index) {
        int label = (int) labels[index] - firstLabel;
        if (label >= names.size()) {
            throw Failure.of(
                            FailureCode.ENGINE_FAULT,
                            "The model returned the label %d, but its model.yaml has %d labels, %s, numbered from %d (output.firstLabel)."
                                    .formatted((int) labels[index], names.size(), names, firstLabel))
                    .asException();
        }
        int at = 4 * index;
        return new Detection(
                label, scores[index], Box.ofCorners(boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]));
    }

    /** The mask of an object, float32 [1, height, width] over the whole input; null if the model returns none. */
    @Nullable
    PlanarImage mask(int index) {
        if (masks == null) {
            return null;
        }
        int rank = masks.shape().rank();
        int height = masks.shape().size(rank - 2);
        int width = masks.shape().size(rank - 1);
        int each = masks.shape().elements() / count();
        float[] values = Arrays.copyOfRange(maskValues, index * each, index * each + height * width);
        return new PlanarImage(1, height, width, values);
    }

    private static FailureException unfit(Prediction prediction) {
        return Failure.of(
                        FailureCode.ENGINE_FAULT,
                        "The model returned %s. Expected are boxes [D, 4], labels [D], scores [D] and optionally masks [D, 1, height, width]."
                                .formatted(prediction.outputs()))
                .asException();
    }
}
