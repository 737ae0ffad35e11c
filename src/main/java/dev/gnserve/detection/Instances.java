package dev.gnserve.detection;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Box;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.model.KeyPointSpec;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The outputs of a detector with its own suppression, as torchvision's, for one input: boxes, labels, scores and optionally masks. */
final class Instances {

    /** Interpolation in the archive may leave a mask this much below 0. */
    private static final float ROUNDING = 0.01f;

    private final float[] boxes;
    private final float[] labels;
    private final float[] scores;
    private final @Nullable Tensor masks;
    private final float[] maskValues;
    private final int width;
    private final int height;
    private final boolean pasted;
    private final @Nullable Tensor keypoints;
    private final @Nullable Tensor keypointScores;
    private final List<String> keypointNames;
    private final int firstLabel;
    private final List<String> names;

    private Instances(
            float[] boxes,
            Tensor labels,
            Tensor scores,
            @Nullable Tensor masks,
            @Nullable Tensor keypoints,
            @Nullable Tensor keypointScores,
            ModelManifest manifest,
            int width,
            int height) {
        this.keypoints = keypoints;
        this.keypointScores = keypointScores;
        this.keypointNames = manifest.output().family() instanceof KeyPointSpec spec ? spec.names() : List.of();
        this.boxes = boxes;
        this.labels = labels.floats();
        this.scores = scores.floats();
        this.masks = masks;
        this.maskValues = masks == null ? new float[0] : masks.floats();
        this.firstLabel = manifest.output().firstLabel();
        this.names = manifest.labels();
        this.width = width;
        this.height = height;
        this.pasted = masks != null
                && manifest.output().decoder() != OutputSpec.Decoder.DETECTRON2
                && !isWhole(masks.shape(), width, height);
    }

    /**
     * Reads the outputs. Masks as large as the input cover it. Square masks of another size cover the boxes: they are torchvision's before
     * {@code paste_masks_in_image}, or detectron2's.
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
                && (masks == null || isMasks(masks.shape(), count));
        Tensor keypoints = prediction.outputs().get("keypoints");
        Tensor keypointScores = prediction.outputs().get("keypoints_scores");
        fits &= keypoints == null
                || (keypoints.shape().rank() == 3
                        && keypoints.shape().size(0) == count
                        && keypoints.shape().size(2) == 3);
        fits &= keypoints == null
                || keypointScores == null
                || 3 * keypointScores.shape().elements() == keypoints.shape().elements();
        if (!fits) {
            throw unfit(prediction);
        }
        if (masks != null && count > 0) {
            requireSize(masks.shape(), width, height);
        }
        float[] corners = manifest.output().boxes().corners(boxes, width, height);
        Instances found =
                new Instances(corners, labels, scores, masks, keypoints, keypointScores, manifest, width, height);
        found.requireNames();
        return found;
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

    /**
     * The mask of an object, float32 [1, height, width] over the whole input, or, with the decoder detectron2, [1, M, M] over its box; null
     * if the model returns none.
     *
     * @throws FailureException ENGINE_FAULT if a mask that has to be pasted has values below 0, as logits have
     */
    @Nullable
    PlanarImage mask(int index) {
        if (masks == null) {
            return null;
        }
        int rank = masks.shape().rank();
        int rows = masks.shape().size(rank - 2);
        int columns = masks.shape().size(rank - 1);
        float[] values = Arrays.copyOfRange(maskValues, index * rows * columns, (index + 1) * rows * columns);
        PlanarImage mask = new PlanarImage(1, rows, columns, values);
        if (!pasted) {
            for (float value : values) {
                requireNumber("masks", value);
            }
            return mask;
        }
        requireProbabilities(values);
        return MaskPaste.paste(mask, Arrays.copyOfRange(boxes, 4 * index, 4 * index + 4), width, height);
    }

    /** Whether a shape is [D, height, width] or [D, 1, height, width]. */
    private static boolean isMasks(TensorShape shape, int count) {
        return shape.rank() >= 3
                && shape.rank() <= 4
                && shape.size(0) == count
                && (shape.rank() == 3 || shape.size(1) == 1);
    }

    private static boolean isWhole(TensorShape masks, int width, int height) {
        return masks.size(masks.rank() - 2) == height && masks.size(masks.rank() - 1) == width;
    }

    private static void requireSize(TensorShape masks, int width, int height) {
        int rows = masks.size(masks.rank() - 2);
        int columns = masks.size(masks.rank() - 1);
        if (rows == 0 || (rows != columns && !isWhole(masks, width, height))) {
            throw Failure.of(
                            FailureCode.ENGINE_FAULT,
                            ("The model returned masks of %d x %d pixels (width x height) for an input of %d x %d pixels. Masks must be as"
                                            + " large as the input, or square: then each covers its box.")
                                    .formatted(columns, rows, width, height))
                    .asException();
        }
    }

    private static void requireNumber(String output, float value) {
        if (!Float.isFinite(value)) {
            throw Failure.of(
                            FailureCode.ENGINE_FAULT,
                            "The model's output %s contains %s for this image. POST the image to /v1/models/{model}/verify to see which layer is wrong."
                                    .formatted(output, value))
                    .asException();
        }
    }

    private static void requireProbabilities(float[] mask) {
        for (float value : mask) {
            if (!(value >= -ROUNDING)) {
                throw Failure.of(
                                FailureCode.ENGINE_FAULT,
                                "The model returned a mask with the value %s. Masks must be probabilities, 0 to 1: logits need a sigmoid in the archive."
                                        .formatted(value))
                        .asException();
            }
        }
    }

    private void requireNames() {
        if (keypoints != null && !keypointNames.isEmpty() && keypoints.shape().size(1) != keypointNames.size()) {
            throw Failure.of(
                            FailureCode.ENGINE_FAULT,
                            "The model returned %d keypoints an object, but output.keypoints of its model.yaml has %d names: %s."
                                    .formatted(keypoints.shape().size(1), keypointNames.size(), keypointNames))
                    .asException();
        }
    }

    /**
     * The keypoints of an object; empty if the model returns none.
     *
     * @param toOriginal maps a point of the input, a box without a size, to the upright image
     */
    List<KeyPoint> keypoints(int index, UnaryOperator<Box> toOriginal) {
        if (keypoints == null) {
            return List.of();
        }
        int count = keypoints.shape().size(1);
        float[] values = keypoints.floats();
        float[] scores = keypointScores == null ? new float[0] : keypointScores.floats();
        List<KeyPoint> points = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int at = index * count + i;
            for (int k = 3 * at; k < 3 * at + 3; k++) {
                requireNumber("keypoints", values[k]);
            }
            requireNumber("keypoints_scores", keypointScores == null ? 0 : scores[at]);
            Box point = toOriginal.apply(new Box(values[3 * at], values[3 * at + 1], 0, 0));
            points.add(new KeyPoint(
                    keypointNames.isEmpty() ? String.valueOf(i + 1) : keypointNames.get(i),
                    DetectedObject.rounded(point.x()),
                    DetectedObject.rounded(point.y()),
                    values[3 * at + 2] > 0,
                    keypointScores == null ? null : Math.round(scores[at] * 1e4) / 1e4));
        }
        return points;
    }

    private static FailureException unfit(Prediction prediction) {
        return Failure.of(
                        FailureCode.ENGINE_FAULT,
                        "The model returned %s. Expected are boxes [D, 4], labels [D], scores [D] and optionally masks [D, 1, height, width], keypoints [D, K, 3] and keypoints_scores [D, K]."
                                .formatted(prediction.outputs()))
                .asException();
    }
}
