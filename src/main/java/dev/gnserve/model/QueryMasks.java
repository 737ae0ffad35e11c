package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.PlanarImage;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The outputs of MaskFormer, Mask2Former, and DETR with masks for one input: for each query logits of the labels and, last, of "no object", and the logits
 * of a mask.
 */
final class QueryMasks {

    static final List<String> CLASSES = List.of("class_queries_logits", "pred_logits", "logits");
    private static final List<String> MASKS = List.of("masks_queries_logits", "pred_masks");

    private final float[] logits;
    private final Tensor masks;
    private final int queries;
    private final int labels;

    private QueryMasks(Tensor classes, Tensor masks) {
        this.logits = classes.floats();
        this.masks = masks;
        this.queries = classes.shape().size(0);
        this.labels = classes.shape().size(1) - 1;
    }

    /** Null if the outputs are others. Those of a dictionary are known by their names, those of a pair by their shapes. */
    static @Nullable QueryMasks find(Prediction prediction) {
        Tensor classes = OutputSpec.named(prediction, CLASSES);
        Tensor masks = OutputSpec.named(prediction, MASKS);
        List<Tensor> outputs = List.copyOf(prediction.outputs().values());
        if (classes == null && masks == null && outputs.size() == 2) {
            boolean first = outputs.get(0).shape().rank() == 2;
            classes = outputs.get(first ? 0 : 1);
            masks = outputs.get(first ? 1 : 0);
        }
        boolean fit = classes != null
                && masks != null
                && classes.shape().rank() == 2
                && classes.shape().size(1) >= 2
                && masks.shape().rank() == 3
                && masks.shape().elements() > 0
                && masks.shape().size(0) == classes.shape().size(0);
        return fit ? new QueryMasks(Objects.requireNonNull(classes), Objects.requireNonNull(masks)) : null;
    }

    /** @throws FailureException ENGINE_FAULT if the outputs are others, or have NaN */
    static QueryMasks of(Prediction prediction, int labels) {
        QueryMasks found = find(prediction);
        if (found == null || found.labels != labels) {
            throw fault(
                    "The model returned %s, but its model.yaml declares class queries [Q, %d], the %d labels and, last, no object, and mask queries [Q, h, w]."
                            .formatted(prediction.outputs(), labels + 1, labels));
        }
        if (!OutputFacts.of(List.of(Tensor.of(found.logits, found.logits.length), found.masks))
                .finite()) {
            throw fault(
                    "The model's output has NaN or infinity for this image. POST the image to /v1/models/{model}/verify to see which layer is wrong.");
        }
        return found;
    }

    /** Whether the numbers of the classes are 0 to 1 already, so that a softmax of them is wrong. */
    boolean hasProbabilities() {
        return OutputFacts.of(Tensor.of(logits, logits.length)).isFraction();
    }

    int queries() {
        return queries;
    }

    int labels() {
        return labels;
    }

    /** The probabilities of a query: of each label and, last, of no object. */
    float[] probabilities(int query) {
        int columns = labels + 1;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < columns; i++) {
            most = Math.max(most, logits[query * columns + i]);
        }
        double sum = 0;
        double[] powers = new double[columns];
        for (int i = 0; i < columns; i++) {
            powers[i] = Math.exp(logits[query * columns + i] - most);
            sum += powers[i];
        }
        float[] probabilities = new float[columns];
        for (int i = 0; i < columns; i++) {
            probabilities[i] = (float) (powers[i] / sum);
        }
        return probabilities;
    }

    /** The logits of the mask of a query, [1, h, w]. */
    PlanarImage mask(int query) {
        int height = masks.shape().size(1);
        int width = masks.shape().size(2);
        int pixels = height * width;
        return new PlanarImage(
                1, height, width, Arrays.copyOfRange(masks.floats(), query * pixels, (query + 1) * pixels));
    }

    /** The same after a sigmoid. */
    static PlanarImage sigmoid(PlanarImage logits) {
        float[] values = new float[logits.values().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = HeadGrid.sigmoid(logits.values()[i]);
        }
        return new PlanarImage(1, logits.height(), logits.width(), values);
    }

    /**
     * Semantic segmentation: for each label the sum over the queries of its probability times the probability of the mask, divided by
     * their sum over the labels where that is above 1.
     *
     * @param scaledFirst whether masks are scaled before, and not the sums
     * @return [labels, height, width]
     */
    PlanarImage semantic(boolean scaledFirst, int width, int height) {
        int maskHeight = scaledFirst ? height : masks.shape().size(1);
        int maskWidth = scaledFirst ? width : masks.shape().size(2);
        int pixels = maskHeight * maskWidth;
        float[] sums = new float[labels * pixels];
        for (int query = 0; query < queries; query++) {
            float[] classes = probabilities(query);
            PlanarImage mask = mask(query);
            float[] inside =
                    sigmoid(scaledFirst ? mask.resizedTo(width, height) : mask).values();
            for (int label = 0; label < labels; label++) {
                for (int i = 0, at = label * pixels; i < pixels; i++, at++) {
                    sums[at] += classes[label] * inside[i];
                }
            }
        }
        return fractions(new PlanarImage(labels, maskHeight, maskWidth, sums).resizedTo(width, height));
    }

    private static PlanarImage fractions(PlanarImage sums) {
        int pixels = sums.width() * sums.height();
        float[] values = sums.values();
        for (int i = 0; i < pixels; i++) {
            float sum = 0;
            for (int at = i; at < values.length; at += pixels) {
                sum += values[at];
            }
            for (int at = i; at < values.length && sum > 1; at += pixels) {
                values[at] /= sum;
            }
        }
        return sums;
    }

    int maskWidth() {
        return masks.shape().size(2);
    }

    int maskHeight() {
        return masks.shape().size(1);
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
