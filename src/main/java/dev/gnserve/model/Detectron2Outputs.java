package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The outputs of detectron2's traced detectors for one image, as a tuple in any order: boxes [K, 4] (left, top, right, bottom in input
 * pixels), classes [K] of whole numbers from 0, scores [K], the image's size [2] of whole numbers, last of those, and perhaps masks
 * [K, 1, M, M] within the boxes (detectron2 0.6, {@code Instances} through {@code TracingAdapter}).
 */
final class Detectron2Outputs {

    private Detectron2Outputs() {}

    /** The outputs with the names boxes, labels, scores and masks; null if they are others. */
    static @Nullable Prediction find(Prediction prediction) {
        Map<String, Tensor> named = new LinkedHashMap<>();
        Tensor size = null;
        for (Tensor output : prediction.outputs().values()) {
            if (isWhole(output) && output.shape().rank() == 1 && output.shape().size(0) == 2) {
                size = output; // The last one: two detections have two classes.
            }
        }
        for (Tensor output : prediction.outputs().values()) {
            String name = output == size ? "size" : name(output);
            if (name.isEmpty() || named.put(name, output) != null) {
                return null;
            }
        }
        Tensor boxes = named.get("boxes");
        Tensor labels = named.get("labels");
        Tensor scores = named.get("scores");
        if (size == null || boxes == null || labels == null || scores == null) {
            return null;
        }
        int count = boxes.shape().size(0);
        Tensor masks = named.get("masks");
        boolean fits = labels.shape().size(0) == count
                && scores.shape().size(0) == count
                && (masks == null || masks.shape().size(0) == count);
        named.remove("size");
        return fits ? new Prediction(named) : null;
    }

    /** As {@link #find}, but other outputs are a fault. */
    static Prediction of(Prediction prediction) {
        Prediction found = find(prediction);
        if (found == null) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "The model returned %s, but its model.yaml declares the tuple of detectron2: boxes [K, 4], classes [K], scores [K], the image's size [2] and perhaps masks [K, 1, M, M]."
                            .formatted(prediction.outputs()));
        }
        return found;
    }

    private static String name(Tensor output) {
        TensorShape shape = output.shape();
        return switch (shape.rank()) {
            case 1 -> isWhole(output) ? "labels" : "scores";
            case 2 -> shape.size(1) == 4 && !isWhole(output) ? "boxes" : "";
            case 4 -> shape.size(1) == 1 && !isWhole(output) ? "masks" : "";
            default -> "";
        };
    }

    private static boolean isWhole(Tensor output) {
        return output.type() == ElementType.INT64 || output.type() == ElementType.INT32;
    }
}
