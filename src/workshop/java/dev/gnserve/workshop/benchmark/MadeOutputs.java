package dev.gnserve.workshop.benchmark;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Outputs as networks give them for a picture of {@value #SIDE} x {@value #SIDE} pixels with {@value #OBJECTS} round objects on a grid,
 * by decoder. Values have noise, so that nothing is easier than for a picture.
 */
public final class MadeOutputs {

    public static final int SIDE = 1024;
    public static final int OBJECTS = 500;

    private static final int COLUMNS = 23;
    private static final int SPACING = 44;
    private static final int RADIUS = 16;
    private static final int RAYS = 32;
    private static final int LABELS = 80;

    private final Random random = new Random(4);

    /** The manifest for each decoder, with its outputs. */
    public Map<String, Prediction> all() {
        Map<String, Prediction> made = new LinkedHashMap<>();
        String two = "task: segmentation\nlabels: [a]\noutput: {decoder: %s}";
        made.put(two.formatted("softmax"), one(pixels(2, (c, dx, dy, in) -> (c == 1) == in ? 4 : -4, true)));
        made.put(two.formatted("sigmoid"), one(pixels(1, (c, dx, dy, in) -> in ? 4 : -4, true)));
        made.put(two.formatted("classes"), one(pixels(1, (c, dx, dy, in) -> in ? 1 : 0, false)));
        made.put(two.formatted("hovernet"), hovernet());
        made.put(two.formatted("stardist"), stardist());
        made.put(
                two.formatted("cellpose"),
                one(pixels(
                        3,
                        (c, dx, dy, in) -> {
                            double length = Math.max(1, Math.hypot(dx, dy));
                            return c == 2 ? in ? 4 : -6 : in ? -5 * (c == 0 ? dy : dx) / length : 0;
                        },
                        false)));
        String labels =
                IntStream.range(0, LABELS).mapToObj(i -> "l" + i).collect(Collectors.joining(", ", "labels: [", "]"));
        made.put(
                "task: detection\n" + labels + "\noutput: {decoder: yolo}\nthresholds: {score: 0.25, iou: 0.7}",
                yolo());
        made.put("task: detection\n" + labels + "\noutput: {decoder: detr}", detr());
        made.put("task: detection\n" + labels + "\noutput: {decoder: mask2former}", queries());
        return made;
    }

    private interface Value {
        /** Of a channel at a pixel, from the middle of the nearest object; inside of it or not. */
        double at(int channel, int dx, int dy, boolean inside);
    }

    private Tensor pixels(int channels, Value value, boolean noise) {
        float[] values = new float[channels * SIDE * SIDE];
        int at = 0;
        for (int c = 0; c < channels; c++) {
            for (int y = 0; y < SIDE; y++) {
                for (int x = 0; x < SIDE; x++) {
                    int dx = x % SPACING - SPACING / 2;
                    int dy = y % SPACING - SPACING / 2;
                    boolean there = x / SPACING < COLUMNS && y / SPACING * COLUMNS + x / SPACING < OBJECTS;
                    boolean inside = there && dx * dx + dy * dy <= RADIUS * RADIUS;
                    values[at++] = (float) (value.at(c, dx, dy, inside) + (noise ? random.nextGaussian() : 0));
                }
            }
        }
        return Tensor.of(values, channels, SIDE, SIDE);
    }

    private static Prediction one(Tensor output) {
        return new Prediction(Map.of("output", output));
    }

    private Prediction hovernet() {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("nucleus_prediction", pixels(2, (c, dx, dy, in) -> (c == 1) == in ? 4 : -4, false));
        outputs.put(
                "horizontal_vertical",
                pixels(2, (c, dx, dy, in) -> in ? (c == 0 ? dx : dy) / (double) RADIUS : 0, false));
        return new Prediction(outputs);
    }

    private Prediction stardist() {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put(
                "probability",
                pixels(1, (c, dx, dy, in) -> in ? 0.99 - 0.9 * Math.hypot(dx, dy) / RADIUS : 0.01, false));
        outputs.put(
                "distances",
                pixels(
                        RAYS,
                        (c, dx, dy, in) -> {
                            double angle = 2 * Math.PI * c / RAYS;
                            double along = dx * Math.cos(angle) + dy * Math.sin(angle);
                            double square = along * along - dx * dx - dy * dy + RADIUS * RADIUS;
                            return in ? Math.max(1, Math.sqrt(Math.max(0, square)) - along) : 1;
                        },
                        false));
        return new Prediction(outputs);
    }

    /** Strides 8, 16 and 32: 21,504 locations. */
    private Prediction yolo() {
        int locations = 21_504;
        float[] values = new float[(4 + LABELS) * locations];
        for (int i = 0; i < locations; i++) {
            int object = random.nextInt(OBJECTS);
            values[i] = object % COLUMNS * SPACING + 22 + (float) random.nextGaussian();
            values[locations + i] = object / COLUMNS * SPACING + 22 + (float) random.nextGaussian();
            values[2 * locations + i] = 2 * RADIUS;
            values[3 * locations + i] = 2 * RADIUS;
            for (int label = 0; label < LABELS; label++) {
                boolean found = i % 8 == 0 && label == object % LABELS;
                values[(4 + label) * locations + i] = (found ? 0.9f : 0.05f) * random.nextFloat();
            }
        }
        return new Prediction(Map.of("output", Tensor.of(values, 4 + LABELS, locations)));
    }

    private Prediction detr() {
        float[] logits = new float[OBJECTS * (LABELS + 1)];
        float[] boxes = new float[OBJECTS * 4];
        for (int i = 0; i < OBJECTS; i++) {
            for (int label = 0; label <= LABELS; label++) {
                logits[i * (LABELS + 1) + label] = label == i % LABELS ? 8 : (float) random.nextGaussian();
            }
            boxes[4 * i] = (i % COLUMNS * SPACING + 22f) / SIDE;
            boxes[4 * i + 1] = (i / COLUMNS * SPACING + 22f) / SIDE;
            boxes[4 * i + 2] = 2f * RADIUS / SIDE;
            boxes[4 * i + 3] = 2f * RADIUS / SIDE;
        }
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("logits", Tensor.of(logits, OBJECTS, LABELS + 1));
        outputs.put("pred_boxes", Tensor.of(boxes, OBJECTS, 4));
        return new Prediction(outputs);
    }

    /** A mask for each of 500 queries, at a quarter of the input. */
    private Prediction queries() {
        int side = SIDE / 4;
        float[] classes = new float[OBJECTS * (LABELS + 1)];
        float[] masks = new float[OBJECTS * side * side];
        Arrays.fill(masks, -6);
        for (int i = 0; i < OBJECTS; i++) {
            for (int label = 0; label <= LABELS; label++) {
                classes[i * (LABELS + 1) + label] = label == i % LABELS ? 8 : (float) random.nextGaussian();
            }
            int left = i % COLUMNS * SPACING / 4 + 2;
            int top = i / COLUMNS * SPACING / 4 + 2;
            for (int y = top; y < top + 8; y++) {
                for (int x = left; x < left + 8; x++) {
                    masks[(i * side + y) * side + x] = 5;
                }
            }
        }
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("class_queries_logits", Tensor.of(classes, OBJECTS, LABELS + 1));
        outputs.put("masks_queries_logits", Tensor.of(masks, OBJECTS, side, side));
        return new Prediction(outputs);
    }
}
