package dev.gnserve.model;

import dev.gnserve.backend.Tensor;

/**
 * How a detector writes boxes and scores.
 *
 * @param form of the four numbers of a box
 * @param unit of these numbers
 * @param scores what the scores are
 */
public record BoxSpec(Form form, Unit unit, Scores scores) {

    /** The four numbers of a box: left, top, right, bottom; centre x and y, width, height; or left, top, width, height. */
    public enum Form {
        XYXY,
        CXCYWH,
        XYWH
    }

    /** Pixels of the input, or fractions of its width and height. */
    public enum Unit {
        PIXELS,
        FRACTIONS
    }

    /**
     * Probabilities: one for each label. Sigmoid: a logit for each label. Softmax: a logit for each label and, last, one for
     * "no object"; a box has its most probable label.
     */
    public enum Scores {
        PROBABILITIES,
        SIGMOID,
        SOFTMAX
    }

    /** As from torchvision's detectors and the embedded one. */
    static final BoxSpec USUAL = new BoxSpec(Form.XYXY, Unit.PIXELS, Scores.PROBABILITIES);

    /** Columns of the scores of a detector with boxes for all locations. */
    int columns(int labels) {
        return scores == Scores.SOFTMAX ? labels + 1 : labels;
    }

    /**
     * The boxes as left, top, right, bottom in pixels of the input.
     *
     * @param boxes [..., 4]
     * @param width of the input
     * @param height of the input
     * @return float32 [..., 4]; the tensor's own array if it needs no change
     */
    public float[] corners(Tensor boxes, int width, int height) {
        float[] given = boxes.floats();
        if (form == Form.XYXY && unit == Unit.PIXELS) {
            return given;
        }
        float[] corners = new float[given.length];
        float scaleX = unit == Unit.FRACTIONS ? width : 1;
        float scaleY = unit == Unit.FRACTIONS ? height : 1;
        for (int i = 0; i + 3 < given.length; i += 4) {
            // In the order of DETR's code: corners first, then the scale.
            float halfWidth = form == Form.CXCYWH ? 0.5f * given[i + 2] : 0;
            float halfHeight = form == Form.CXCYWH ? 0.5f * given[i + 3] : 0;
            float right = switch (form) {
                case XYXY -> given[i + 2];
                case CXCYWH -> given[i] + halfWidth;
                case XYWH -> given[i] + given[i + 2];
            };
            float bottom = switch (form) {
                case XYXY -> given[i + 3];
                case CXCYWH -> given[i + 1] + halfHeight;
                case XYWH -> given[i + 1] + given[i + 3];
            };
            corners[i] = (given[i] - halfWidth) * scaleX;
            corners[i + 1] = (given[i + 1] - halfHeight) * scaleY;
            corners[i + 2] = right * scaleX;
            corners[i + 3] = bottom * scaleY;
        }
        return corners;
    }

    /**
     * The scores as probabilities. With softmax, only the most probable label of a box has one; the others have -1, which is below
     * every threshold.
     *
     * @param output [A, columns]
     * @param labels their number
     * @return float32 [A, labels]
     */
    public float[] probabilities(Tensor output, int labels) {
        float[] given = output.floats();
        return switch (scores) {
            case PROBABILITIES -> given;
            case SIGMOID -> sigmoid(given);
            case SOFTMAX -> best(given, labels);
        };
    }

    private static float[] sigmoid(float[] logits) {
        float[] probabilities = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            probabilities[i] = (float) (1 / (1 + Math.exp(-logits[i])));
        }
        return probabilities;
    }

    private static float[] best(float[] logits, int labels) {
        int columns = labels + 1;
        float[] probabilities = new float[logits.length / columns * labels];
        for (int row = 0; row < logits.length / columns; row++) {
            int from = row * columns;
            double most = Double.NEGATIVE_INFINITY;
            int label = 0;
            for (int i = 0; i < columns; i++) {
                most = Math.max(most, logits[from + i]);
                label = i < labels && logits[from + i] > logits[from + label] ? i : label;
            }
            double sum = 0;
            for (int i = 0; i < columns; i++) {
                sum += Math.exp(logits[from + i] - most);
            }
            for (int i = 0; i < labels; i++) {
                probabilities[row * labels + i] = i == label ? (float) (Math.exp(logits[from + i] - most) / sum) : -1;
            }
        }
        return probabilities;
    }
}
