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

/** What a detector that chooses for itself, as torchvision's do, gave for one input: boxes, label numbers, scores and perhaps masks. */
final class Instances {

    private final float[] boxes;
    private final float[] labels;
    private final float[] scores;
    private final @Nullable Tensor masks;
    private final float[] maskValues;
    private final int firstLabel;
    private final List<String> names;

    private Instances(Tensor boxes, Tensor labels, Tensor scores, @Nullable Tensor masks, ModelManifest manifest) {
        this.boxes = boxes.floats();
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
     * @throws FailureException ENGINE_FAULT if they do not go together
     */
    static Instances of(Prediction prediction, ModelManifest manifest) {
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
        return new Instances(boxes, labels, scores, masks, manifest);
    }

    int count() {
        return labels.length;
    }

    float score(int index) {
        return scores[index];
    }

    /** Whether it has a number before the first label's, as torchvision numbers what is no object. */
    boolean isBackground(int index) {
        return labels[index] < firstLabel;
    }

    /**
     * A box that is no background, with its label and score, in pixels of the input.
     *
     * @throws FailureException ENGINE_FAULT if the model gives a label that model.yaml does not have
     */
    Detection detection(int index) {
        int label = (int) labels[index] - firstLabel;
        if (label >= names.size()) {
            throw Failure.of(
                            FailureCode.ENGINE_FAULT,
                            "The model gave the label %d, but its model.yaml has the %d labels %s, of which the first has the number %d (output.firstLabel)."
                                    .formatted((int) labels[index], names.size(), names, firstLabel))
                    .asException();
        }
        int at = 4 * index;
        return new Detection(
                label, scores[index], Box.ofCorners(boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]));
    }

    /** The mask of an object over the whole input, or null where the model gives none. */
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
                        "The model gave %s, which do not go together as boxes [D, 4], labels [D], scores [D] and masks [D, 1, height, width]."
                                .formatted(prediction.outputs()))
                .asException();
    }
}
