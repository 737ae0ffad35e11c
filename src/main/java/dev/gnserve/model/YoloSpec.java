package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The table that the networks called YOLO return before their suppression: for each location centre, width and height of a box in input
 * pixels, and probabilities of the labels. A location gives a box for its best label only, as {@code ultralytics.utils.nms} has it.
 *
 * @param objectness false: [4 + labels, locations] (YOLOv8 and later). true: [locations, 5 + labels], where the fifth number is the
 *     probability of any object, by which those of the labels are multiplied (YOLOv5)
 */
public record YoloSpec(boolean objectness, int candidates) implements HeadSpec {

    /** As many as the public code lets take part in the suppression, or as many as gnserve allows. */
    private static final int USUAL_CANDIDATES = 10_000;

    private static final Map<String, Set<Form>> FIELDS = Map.of(
            "objectness", Set.of(Form.TABLE),
            "bins", Set.of(Form.LEVELS),
            "strides", Set.of(Form.LEVELS),
            "candidates", Set.of(Form.TABLE, Form.LEVELS),
            "firstLabel", Set.of(Form.CHOSEN));

    /** How far rounding, also in half precision, takes a probability out of 0..1. */
    private static final float ROUNDING = 0.01f;

    /** What the network returns: the table before its suppression, chosen boxes, or the levels of its head. */
    enum Form {
        TABLE,
        CHOSEN,
        LEVELS
    }

    /** Reads the options of one of the three forms. */
    static FamilySpec read(ManifestTree tree) {
        Form form = tree.get("/output/form", Form.class);
        FIELDS.forEach((field, goesWith) -> {
            if (tree.isGiven("/output/" + field) && !goesWith.contains(form)) {
                throw new IllegalArgumentException("output." + field + " is given, which does not go with form: "
                        + OutputForm.lower(form) + "; remove it");
            }
        });
        int candidates =
                tree.isGiven("/output/candidates") ? tree.get("/output/candidates", Integer.class) : USUAL_CANDIDATES;
        return switch (form) {
            case TABLE -> new YoloSpec(tree.get("/output/objectness", Boolean.class), candidates);
            case CHOSEN -> new YoloRows();
            case LEVELS ->
                new YoloLevels(
                        tree.get("/output/bins", Integer.class),
                        List.of(tree.get("/output/strides", Integer[].class, new Integer[0])),
                        candidates);
        };
    }

    /** Outputs are one table: there are no levels. */
    @Override
    public List<Integer> strides() {
        return List.of();
    }

    @Override
    public HeadBoxes decode(Prediction prediction, int labels, int width, int height, float least) {
        Tensor table = table(prediction, objectness, labels);
        if (table == null) {
            throw fault(
                    ("The model returned %s, but its model.yaml declares the decoder yolo with %d labels: %s. objectness says"
                                    + " which of the two forms it is.")
                            .formatted(
                                    prediction.outputs(),
                                    labels,
                                    objectness
                                            ? "[locations, %d], with objectness: true".formatted(5 + labels)
                                            : "[%d, locations], with objectness: false".formatted(4 + labels)));
        }
        int first = objectness ? 5 : 4;
        int locations = table.shape().size(objectness ? 0 : 1);
        // From one column of a location to the next, and from one location to the next.
        int column = objectness ? 1 : locations;
        int row = objectness ? first + labels : 1;
        float[] values = table.floats();
        float[] boxes = new float[4 * locations];
        float[] scores = new float[labels * locations];
        Arrays.fill(scores, -1); // A location is a box of its best label only, also with the threshold 0.
        for (int i = 0; i < locations; i++) {
            int at = i * row;
            float halfWidth = values[at + 2 * column] / 2;
            float halfHeight = values[at + 3 * column] / 2;
            boxes[4 * i] = values[at] - halfWidth;
            boxes[4 * i + 1] = values[at + column] - halfHeight;
            boxes[4 * i + 2] = values[at] + halfWidth;
            boxes[4 * i + 3] = values[at + column] + halfHeight;
            int best = 0;
            for (int label = 0; label < labels; label++) {
                float value = probability(values[at + (first + label) * column]);
                best = value > values[at + (first + best) * column] ? label : best;
            }
            float any = objectness ? probability(values[at + 4 * column]) : 1;
            scores[i * labels + best] = any * values[at + (first + best) * column];
        }
        return new HeadBoxes(boxes, scores, List.of(locations));
    }

    static float probability(float value) {
        if (!(value >= -ROUNDING && value <= 1 + ROUNDING)) {
            throw fault("The model's output has the score " + value
                    + ", but scores of the decoder yolo are probabilities, 0 to 1. Export the network with its sigmoid, as its own"
                    + " export does.");
        }
        return value;
    }

    /** The first output with the shape; null if there is none. */
    private static @Nullable Tensor table(Prediction prediction, boolean objectness, int labels) {
        for (Tensor output : prediction.outputs().values()) {
            if (labels(output.shape(), objectness) == labels) {
                return output;
            }
        }
        return null;
    }

    /** The number of labels that a shape shows; 0 if it is none of a table with more locations than numbers for each. */
    static int labels(TensorShape shape, boolean objectness) {
        if (shape.rank() != 2) {
            return 0;
        }
        int numbers = shape.size(objectness ? 1 : 0);
        int locations = shape.size(objectness ? 0 : 1);
        return numbers < locations ? Math.max(0, numbers - (objectness ? 5 : 4)) : 0;
    }

    /** Whether the values are those of such a table: boxes in pixels with positive sides, and probabilities. */
    static boolean fits(Tensor output, boolean objectness) {
        int labels = labels(output.shape(), objectness);
        if (labels == 0) {
            return false;
        }
        int numbers = labels + (objectness ? 5 : 4);
        int locations = output.shape().elements() / numbers;
        float[] values = output.floats();
        float greatest = 0;
        boolean graded = false;
        for (int i = 0; i < values.length; i++) {
            int number = objectness ? i % numbers : i / locations;
            boolean fits = number < 2
                    ? Float.isFinite(values[i])
                    : number < 4 ? values[i] >= 0 && Float.isFinite(values[i]) : values[i] >= 0 && values[i] <= 1;
            if (!fits) {
                return false;
            }
            greatest = number < 4 ? Math.max(greatest, values[i]) : greatest;
            graded |= number == numbers - 1 && values[i] != Math.rint(values[i]);
        }
        return graded && greatest > 2; // Numbers of labels are whole, and fractions are not above 1.
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
