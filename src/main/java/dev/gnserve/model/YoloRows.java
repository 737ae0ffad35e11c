package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Boxes that a network chose itself, as YOLOv10 (Wang et al. 2024, NMS-free) and YOLO26 return them: [K, 6], in each row left, top, right
 * and bottom in input pixels, the score, and the number of the label. Rows with the score 0 are padding. Nothing is suppressed.
 */
public record YoloRows() implements FamilySpec {

    private static final int COLUMNS = 6;
    private static final int SCORE = 4;
    private static final int LABEL = 5;

    /** More rows than networks choose: 300 as a rule. So many may be all locations, before a suppression. */
    private static final int MOST_CHOSEN = 1_000;

    /**
     * The rows that are no padding, as boxes [D, 4], labels [D] and scores [D], by these names.
     *
     * @throws FailureException ENGINE_FAULT if no output is such a table, or if a value is none of a score or of a label
     */
    static Prediction chosen(Prediction prediction) {
        Tensor table = table(prediction);
        if (table == null) {
            throw fault(
                    ("The model returned %s, but its model.yaml declares the decoder yolo with form: chosen: rows [K, 6] of left, top,"
                                    + " right, bottom, score and label number.")
                            .formatted(prediction.outputs()));
        }
        float[] values = table.floats();
        int rows = values.length / COLUMNS;
        float[] boxes = new float[4 * rows];
        float[] scores = new float[rows];
        float[] labels = new float[rows];
        int count = 0;
        for (int at = 0; at < values.length; at += COLUMNS) {
            float score = YoloSpec.probability(values[at + SCORE]);
            float label = values[at + LABEL];
            if (!isLabel(label)) {
                throw fault("The model returned a row whose sixth number is " + label
                        + ", but with the decoder yolo and form: chosen it is the number of a label. For rows of probabilities use"
                        + " output: {objectness: true}.");
            }
            if (score > 0) {
                System.arraycopy(values, at, boxes, 4 * count, 4);
                scores[count] = score;
                labels[count] = label;
                count++;
            }
        }
        Map<String, Tensor> named = new LinkedHashMap<>();
        named.put("boxes", Tensor.of(Arrays.copyOf(boxes, 4 * count), count, 4));
        named.put("labels", Tensor.of(Arrays.copyOf(labels, count), count));
        named.put("scores", Tensor.of(Arrays.copyOf(scores, count), count));
        return new Prediction(named);
    }

    /**
     * The forms that tables with six columns may have: numbers of labels begin with 0, or with 1 as in EfficientDet's. None if a value
     * contradicts it.
     *
     * @param predictions for several inputs
     */
    static List<OutputForm> fitting(List<Prediction> predictions) {
        List<Tensor> boxes = new ArrayList<>();
        float least = Float.POSITIVE_INFINITY;
        float greatest = -1;
        boolean graded = false;
        for (Prediction prediction : predictions) {
            if (prediction.outputs().size() != 1 || table(prediction) == null || !fits(prediction.first())) {
                return List.of();
            }
            Map<String, Tensor> found = chosen(prediction).outputs();
            boxes.add(Objects.requireNonNull(found.get("boxes")));
            for (float label : Objects.requireNonNull(found.get("labels")).floats()) {
                least = Math.min(least, label);
                greatest = Math.max(greatest, label);
            }
            for (float score : Objects.requireNonNull(found.get("scores")).floats()) {
                graded |= score < 1;
            }
        }
        boolean seen = greatest >= 0;
        if (seen && (BoxForms.unit(boxes) != BoxSpec.Unit.PIXELS || !areMostlyOrdered(boxes))) {
            return List.of();
        }
        // Padding alone shows nothing. Scores that are all 1 may be something else; so may boxes as large as a centre
        // and sides, and as many as there are locations.
        boolean few = boxes.stream().allMatch(found -> found.shape().size(0) <= MOST_CHOSEN);
        boolean shown = graded && few && BoxForms.of(boxes).equals(List.of(BoxSpec.Form.XYXY));
        OutputForm.Evidence evidence = shown ? OutputForm.Evidence.SHOWN : OutputForm.Evidence.UNLIKELY;
        List<OutputForm> forms = new ArrayList<>();
        for (int first : least == 0 ? new int[] {0} : new int[] {0, 1}) {
            forms.add(OutputForm.like(Like.YOLOV10, 0)
                    .numbered(first, (int) greatest)
                    .saying("; labels are numbered from " + first)
                    .with(evidence));
        }
        return forms;
    }

    /** Whether at least nine of ten boxes have their edges in order: networks give some by rounding. */
    private static boolean areMostlyOrdered(List<Tensor> boxes) {
        int count = 0;
        int wrong = 0;
        for (Tensor tensor : boxes) {
            float[] values = tensor.floats();
            for (int i = 0; i < values.length; i += 4) {
                count++;
                wrong += values[i] <= values[i + 2] && values[i + 1] <= values[i + 3] ? 0 : 1;
            }
        }
        return 10 * wrong <= count;
    }

    private static boolean fits(Tensor table) {
        float[] values = table.floats();
        for (int at = 0; at < values.length; at += COLUMNS) {
            float score = values[at + SCORE];
            if (!(score >= 0 && score <= 1) || !isLabel(values[at + LABEL])) {
                return false;
            }
        }
        return true;
    }

    private static boolean isLabel(float number) {
        return number >= 0 && number < OutputForms.MOST_CLASSES && number == Math.rint(number);
    }

    /** The first output with six columns; null if there is none. */
    private static @Nullable Tensor table(Prediction prediction) {
        for (Tensor output : prediction.outputs().values()) {
            TensorShape shape = output.shape();
            if (shape.rank() == 2 && shape.size(1) == COLUMNS) {
                return output;
            }
        }
        return null;
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
