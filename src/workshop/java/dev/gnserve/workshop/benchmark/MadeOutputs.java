package dev.gnserve.workshop.benchmark;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Outputs as networks of each family give them for a square picture with discs: for timing 1024 x 1024 pixels with 500 of them, where
 * values have noise, so that nothing is easier than for a picture; for pictures a small one.
 */
public final class MadeOutputs {

    private static final int RAYS = 32;

    private final Random random = new Random(4);
    private final int side;
    private final List<Disc> discs;

    /** The number of labels of maps of pixels, and of detectors. */
    private final int classes;

    private final int labels;

    /** The disc that each pixel belongs to, by its place in the list; -1 for none. */
    private final int[] owners;

    /**
     * A round object.
     *
     * @param x of its middle, a pixel
     * @param radius in pixels; those at this distance belong to it
     * @param label from 0 on
     */
    public record Disc(int x, int y, int radius, int label) {}

    /**
     * Outputs with the manifest that reads them.
     *
     * @param name of the family
     * @param whole whether the network takes whole images only
     */
    public record Made(String name, String manifest, Prediction outputs, boolean whole) {

        private Made named(String other) {
            return new Made(other, manifest, outputs, whole);
        }
    }

    private MadeOutputs(int side, List<Disc> discs, int classes, int labels) {
        this.side = side;
        this.discs = List.copyOf(discs);
        this.classes = classes;
        this.labels = labels;
        owners = new int[side * side];
        Arrays.fill(owners, -1);
        for (int i = 0; i < discs.size(); i++) {
            Disc disc = discs.get(i);
            for (int y = Math.max(0, disc.y - disc.radius); y <= Math.min(side - 1, disc.y + disc.radius); y++) {
                for (int x = Math.max(0, disc.x - disc.radius); x <= Math.min(side - 1, disc.x + disc.radius); x++) {
                    int dx = x - disc.x;
                    int dy = y - disc.y;
                    owners[y * side + x] = dx * dx + dy * dy <= disc.radius * disc.radius ? i : owners[y * side + x];
                }
            }
        }
    }

    /** 500 discs on a grid. */
    public static MadeOutputs forTiming() {
        return new MadeOutputs(
                1024,
                IntStream.range(0, 500)
                        .mapToObj(i -> new Disc(i % 23 * 44 + 22, i / 23 * 44 + 22, 16, i % 80))
                        .toList(),
                1,
                80);
    }

    /** Nine discs of three labels and sizes, some of which touch. */
    public static MadeOutputs forPictures() {
        return new MadeOutputs(
                160,
                List.of(
                        new Disc(28, 30, 18, 0),
                        new Disc(60, 36, 15, 1),
                        new Disc(104, 26, 16, 2),
                        new Disc(136, 40, 13, 0),
                        new Disc(36, 84, 20, 2),
                        new Disc(84, 78, 12, 0),
                        new Disc(122, 92, 22, 1),
                        new Disc(64, 128, 16, 1),
                        new Disc(98, 136, 13, 0)),
                3,
                3);
    }

    /** Of the picture, in pixels. */
    public int side() {
        return side;
    }

    /** The label of the disc at a pixel; -1 for none. */
    public int label(int x, int y) {
        int owner = owners[y * side + x];
        return owner < 0 ? -1 : discs.get(owner).label;
    }

    /** The families that timing compares. */
    public List<Made> timed() {
        return List.of(
                softmax(),
                sigmoid(),
                classes(),
                hovernet(),
                stardist(),
                cellpose(),
                yolo(),
                detr(),
                queries("", "detection"));
    }

    /** All families whose results are drawn. */
    public List<Made> all() {
        return List.of(
                softmax(),
                sigmoid(),
                classes(),
                hovernet(),
                stardist(),
                cellpose(),
                boxes(),
                detr(),
                fcos(),
                retinanet("torchvision", 0),
                retinanet("efficientdet", 0.5f),
                yolo(),
                yolov5(),
                yoloChosen(),
                yoloLevels(),
                detectron2(),
                keypoints(),
                queries("", "segmentation"),
                queries(", segments: instance", "detection"),
                queries(", segments: panoptic, stuff: [d]", "detection"),
                solov2(),
                depth());
    }

    private interface Value {
        /**
         * Of a channel at a pixel.
         *
         * @param disc that the pixel belongs to; null for none
         * @param dx from its middle
         */
        double at(int channel, @Nullable Disc disc, int dx, int dy);
    }

    private Tensor pixels(int channels, boolean noise, Value value) {
        float[] values = new float[channels * side * side];
        for (int c = 0, at = 0; c < channels; c++) {
            for (int i = 0; i < owners.length; i++, at++) {
                Disc disc = owners[i] < 0 ? null : discs.get(owners[i]);
                int dx = disc == null ? 0 : i % side - disc.x;
                int dy = disc == null ? 0 : i / side - disc.y;
                values[at] = (float) (value.at(c, disc, dx, dy) + (noise ? random.nextGaussian() : 0));
            }
        }
        return Tensor.of(values, channels, side, side);
    }

    private int classOf(@Nullable Disc disc) {
        return disc == null ? 0 : 1 + disc.label % classes;
    }

    private static Made made(String task, int labels, String output, Map<String, Tensor> outputs) {
        String names = IntStream.range(0, labels)
                .mapToObj(i -> labels <= 26 ? String.valueOf((char) ('a' + i)) : "l" + i)
                .collect(Collectors.joining(", ", "[", "]"));
        String name = output.replaceAll("(?s)\\{decoder: (\\w+).*", "$1");
        boolean whole = name.startsWith("mask") || task.equals("regression");
        return new Made(
                name, "task: " + task + "\nlabels: " + names + "\noutput: " + output, new Prediction(outputs), whole);
    }

    private Made segmentation(int count, String output, Tensor... outputs) {
        return made("segmentation", count, output, numbered(outputs));
    }

    private static Map<String, Tensor> numbered(Tensor... outputs) {
        Map<String, Tensor> named = new LinkedHashMap<>();
        for (Tensor output : outputs) {
            named.put("output" + named.size(), output);
        }
        return named;
    }

    private Made softmax() {
        return segmentation(
                classes,
                "{decoder: softmax}",
                pixels(classes + 1, true, (c, disc, dx, dy) -> c == classOf(disc) ? 4 : -4));
    }

    private Made sigmoid() {
        return segmentation(
                classes,
                "{decoder: sigmoid}",
                pixels(classes, true, (c, disc, dx, dy) -> c + 1 == classOf(disc) ? 4 : -4));
    }

    private Made classes() {
        return segmentation(classes, "{decoder: classes}", pixels(1, false, (c, disc, dx, dy) -> classOf(disc)));
    }

    private Made hovernet() {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("nucleus_prediction", pixels(2, false, (c, disc, dx, dy) -> (c == 1) == (disc != null) ? 4 : -4));
        outputs.put(
                "horizontal_vertical",
                pixels(2, false, (c, disc, dx, dy) -> disc == null ? 0 : (c == 0 ? dx : dy) / (double) disc.radius));
        if (classes > 1) {
            outputs.put(
                    "type_prediction", pixels(classes + 1, false, (c, disc, dx, dy) -> c == classOf(disc) ? 4 : -4));
        }
        return made("segmentation", classes, "{decoder: hovernet}", outputs);
    }

    private Made stardist() {
        return segmentation(
                1,
                "{decoder: stardist}",
                pixels(
                        1,
                        false,
                        (c, disc, dx, dy) -> disc == null ? 0.01 : 0.99 - 0.9 * Math.hypot(dx, dy) / disc.radius),
                pixels(RAYS, false, (c, disc, dx, dy) -> {
                    if (disc == null) {
                        return 1;
                    }
                    double angle = 2 * Math.PI * c / RAYS;
                    double along = dx * Math.cos(angle) + dy * Math.sin(angle);
                    double square = along * along - dx * dx - dy * dy + disc.radius * disc.radius;
                    return Math.max(1, Math.sqrt(Math.max(0, square)) - along);
                }));
    }

    private Made cellpose() {
        return segmentation(1, "{decoder: cellpose}", pixels(3, false, (c, disc, dx, dy) -> {
            if (disc == null) {
                return c == 2 ? -6 : 0;
            }
            return c == 2 ? 4 : -5 * (c == 0 ? dy : dx) / Math.max(1, Math.hypot(dx, dy));
        }));
    }

    /** Left, top, right and bottom of each disc. */
    private Tensor corners() {
        float[] corners = new float[4 * discs.size()];
        for (int i = 0; i < discs.size(); i++) {
            Disc disc = discs.get(i);
            corners[4 * i] = disc.x - disc.radius;
            corners[4 * i + 1] = disc.y - disc.radius;
            corners[4 * i + 2] = disc.x + disc.radius;
            corners[4 * i + 3] = disc.y + disc.radius;
        }
        return Tensor.of(corners, discs.size(), 4);
    }

    private Tensor ofDiscs(ValueOfDisc value) {
        float[] values = new float[discs.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = value.of(discs.get(i), i);
        }
        return Tensor.of(values, values.length);
    }

    private static Tensor whole(long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return new RawTensor(ElementType.INT64, TensorShape.of(values.length), bytes.array());
    }

    private interface ValueOfDisc {
        float of(Disc disc, int place);
    }

    private Made boxes() {
        float[] scores = new float[discs.size() * labels];
        for (int i = 0; i < discs.size(); i++) {
            scores[i * labels + discs.get(i).label] = 0.95f - 0.02f * i;
        }
        return made(
                "detection", labels, "{decoder: boxes}", numbered(corners(), Tensor.of(scores, discs.size(), labels)));
    }

    /** Strides 8, 16 and 32, and more boxes than discs. */
    private Made yolo() {
        int locations = 21 * side * side / 1024;
        float[] values = new float[(4 + labels) * locations];
        for (int i = 0; i < locations; i++) {
            Disc disc = discs.get(random.nextInt(discs.size()));
            values[i] = disc.x + (float) random.nextGaussian();
            values[locations + i] = disc.y + (float) random.nextGaussian();
            values[2 * locations + i] = 2 * disc.radius;
            values[3 * locations + i] = 2 * disc.radius;
            for (int label = 0; label < labels; label++) {
                boolean found = i % 8 == 0 && label == disc.label;
                values[(4 + label) * locations + i] = (found ? 0.9f : 0.05f) * random.nextFloat();
            }
        }
        return made(
                "detection",
                labels,
                "{decoder: yolo}\nthresholds: {score: 0.25, iou: 0.7}",
                numbered(Tensor.of(values, 4 + labels, locations)));
    }

    /** Three locations for each disc, of which one is the best, and as many without an object as a table has. */
    private Made yolov5() {
        int columns = 5 + labels;
        int locations = 3 * discs.size() + columns;
        float[] values = new float[columns * locations];
        for (int i = 0; i < 3 * discs.size(); i++) {
            Disc disc = discs.get(i / 3);
            values[i * columns] = disc.x + i % 3;
            values[i * columns + 1] = disc.y - i % 3;
            values[i * columns + 2] = 2 * disc.radius;
            values[i * columns + 3] = 2 * disc.radius;
            values[i * columns + 4] = 0.96f - 0.1f * (i % 3);
            values[i * columns + 5 + disc.label] = 0.98f;
        }
        return made(
                        "detection",
                        labels,
                        "{decoder: yolo, objectness: true}\nthresholds: {score: 0.25, iou: 0.45}",
                        numbered(Tensor.of(values, locations, columns)))
                .named("yolov5");
    }

    /** A row for each disc, and padding. */
    private Made yoloChosen() {
        float[] corners = corners().floats();
        float[] rows = new float[6 * (discs.size() + 3)];
        for (int i = 0; i < discs.size(); i++) {
            System.arraycopy(corners, 4 * i, rows, 6 * i, 4);
            rows[6 * i + 4] = 0.95f - 0.02f * i;
            rows[6 * i + 5] = discs.get(i).label;
        }
        return made(
                        "detection",
                        labels,
                        "{decoder: yolo, form: chosen}\nthresholds: {score: 0.25}",
                        numbered(Tensor.of(rows, discs.size() + 3, 6)))
                .named("yolo-chosen");
    }

    /** One level of stride 8: each distance is a distribution over two neighbouring bins. */
    private Made yoloLevels() {
        int bins = 16;
        int stride = 8;
        int cells = side / stride;
        int places = cells * cells;
        float[] values = new float[(4 * bins + labels) * places];
        Arrays.fill(values, -20);
        for (Disc disc : discs) {
            int at = disc.y / stride * cells + disc.x / stride;
            float x = disc.x / stride * stride + stride / 2f;
            float y = disc.y / stride * stride + stride / 2f;
            float[] pixels = {
                x - disc.x + disc.radius, y - disc.y + disc.radius, disc.x + disc.radius - x, disc.y + disc.radius - y
            };
            for (int edge = 0; edge < 4; edge++) {
                double distance = pixels[edge] / stride;
                int bin = (int) distance;
                values[(edge * bins + bin) * places + at] = (float) Math.log(1 - (distance - bin));
                values[(edge * bins + bin + 1) * places + at] = (float) Math.max(-20, Math.log(distance - bin));
            }
            values[(4 * bins + disc.label) * places + at] = 3;
        }
        return made(
                        "detection",
                        labels,
                        "{decoder: yolo, form: levels}\nthresholds: {score: 0.25, iou: 0.7}",
                        numbered(Tensor.of(values, 4 * bins + labels, cells, cells)))
                .named("yolo-levels");
    }

    /**
     * One level of stride 8 with square anchors of 32 pixels, whose boxes are those of the discs.
     *
     * @param middle where the anchors are, in strides from the corner of a cell
     */
    private Made retinanet(String style, float middle) {
        int stride = 8;
        float anchor = 32;
        int cells = side / stride;
        int places = cells * cells;
        float[] logits = new float[labels * places];
        float[] deltas = new float[4 * places];
        Arrays.fill(logits, -8);
        for (Disc disc : discs) {
            int column = Math.min(cells - 1, Math.round((float) disc.x / stride - middle));
            int row = Math.min(cells - 1, Math.round((float) disc.y / stride - middle));
            int at = row * cells + column;
            float x = (disc.x - (column + middle) * stride) / anchor;
            float y = (disc.y - (row + middle) * stride) / anchor;
            boolean heightFirst = style.equals("efficientdet");
            logits[disc.label * places + at] = 4;
            deltas[at] = heightFirst ? y : x;
            deltas[places + at] = heightFirst ? x : y;
            deltas[2 * places + at] = (float) Math.log(2 * disc.radius / anchor);
            deltas[3 * places + at] = deltas[2 * places + at];
        }
        String anchors = "{style: " + style + ", sizes: [32], scales: [1], ratios: [1]}";
        return made(
                        "detection",
                        labels,
                        "{decoder: retinanet, anchors: " + anchors + "}",
                        numbered(Tensor.of(logits, labels, cells, cells), Tensor.of(deltas, 4, cells, cells)))
                .named(style.equals("torchvision") ? "retinanet" : style);
    }

    /** Logits of the labels and, last, of no object, for each disc and for each further label a query of its own. */
    private Tensor queryLogits(int further) {
        int queries = discs.size() + further;
        int columns = labels + further + 1;
        float[] logits = new float[queries * columns];
        for (int i = 0; i < queries; i++) {
            int own = i < discs.size() ? discs.get(i).label : labels + i - discs.size();
            for (int label = 0; label < columns; label++) {
                logits[i * columns + label] = label == own ? 8 : (float) random.nextGaussian();
            }
        }
        return Tensor.of(logits, queries, columns);
    }

    private Made detr() {
        float[] boxes = new float[discs.size() * 4];
        for (int i = 0; i < discs.size(); i++) {
            Disc disc = discs.get(i);
            boxes[4 * i] = (float) disc.x / side;
            boxes[4 * i + 1] = (float) disc.y / side;
            boxes[4 * i + 2] = 2f * disc.radius / side;
            boxes[4 * i + 3] = 2f * disc.radius / side;
        }
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("logits", queryLogits(0));
        outputs.put("pred_boxes", Tensor.of(boxes, discs.size(), 4));
        return made("detection", labels, "{decoder: detr}", outputs);
    }

    /** One level of stride 8, with the location next to the middle of each disc. */
    private Made fcos() {
        int cells = side / 8;
        int places = cells * cells;
        float[] logits = new float[labels * places];
        float[] distances = new float[4 * places];
        float[] centres = new float[places];
        Arrays.fill(logits, -8);
        for (Disc disc : discs) {
            int at = disc.y / 8 * cells + disc.x / 8;
            float x = disc.x / 8 * 8 + 4;
            float y = disc.y / 8 * 8 + 4;
            logits[disc.label * places + at] = 4;
            centres[at] = 4;
            distances[at] = (x - disc.x + disc.radius) / 8;
            distances[places + at] = (y - disc.y + disc.radius) / 8;
            distances[2 * places + at] = (disc.x + disc.radius - x) / 8;
            distances[3 * places + at] = (disc.y + disc.radius - y) / 8;
        }
        return made(
                "detection",
                labels,
                "{decoder: fcos}",
                numbered(
                        Tensor.of(logits, labels, cells, cells),
                        Tensor.of(distances, 4, cells, cells),
                        Tensor.of(centres, 1, cells, cells)));
    }

    /** Masks of 28 x 28 within the boxes. */
    private Made detectron2() {
        int mask = 28;
        float[] masks = new float[discs.size() * mask * mask];
        for (int i = 0; i < masks.length; i++) {
            double dx = (i % mask + 0.5) / mask - 0.5;
            double dy = (i / mask % mask + 0.5) / mask - 0.5;
            masks[i] = (float) Math.max(0, Math.min(1, 0.5 + 8 * (0.5 - Math.hypot(dx, dy))));
        }
        return made(
                "detection",
                labels,
                "{decoder: detectron2}",
                numbered(
                        corners(),
                        whole(discs.stream().mapToLong(Disc::label).toArray()),
                        Tensor.of(masks, discs.size(), 1, mask, mask),
                        ofDiscs((disc, i) -> 0.95f - 0.02f * i),
                        whole(side, side)));
    }

    /** Four keypoints on the edge of each disc. */
    private Made keypoints() {
        float[] points = new float[discs.size() * 4 * 3];
        for (int i = 0; i < discs.size() * 4; i++) {
            Disc disc = discs.get(i / 4);
            double angle = Math.PI / 4 + i % 4 * Math.PI / 2;
            points[3 * i] = (float) (disc.x + disc.radius * Math.cos(angle));
            points[3 * i + 1] = (float) (disc.y + disc.radius * Math.sin(angle));
            points[3 * i + 2] = 1;
        }
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("boxes", corners());
        outputs.put("labels", ofDiscs((disc, i) -> 1 + disc.label));
        outputs.put("scores", ofDiscs((disc, i) -> 0.95f - 0.02f * i));
        outputs.put("keypoints", Tensor.of(points, discs.size(), 4, 3));
        return made("detection", labels, "{decoder: boxes, keypoints: [se, sw, nw, ne]}", outputs)
                .named("keypoints");
    }

    /** The logits of a mask for each disc and, last, perhaps of the ground, at a quarter of the input. */
    private Tensor masks(boolean ground) {
        int quarter = side / 4;
        int queries = discs.size() + (ground ? 1 : 0);
        float[] masks = new float[queries * quarter * quarter];
        for (int at = 0; at < masks.length; at++) {
            int x = at % quarter;
            int y = at / quarter % quarter;
            int owner = owners[(4 * y + 2) * side + 4 * x + 2];
            masks[at] = at / quarter / quarter == (owner < 0 ? discs.size() : owner) ? 5 : -6;
        }
        return Tensor.of(masks, queries, quarter, quarter);
    }

    /** With several classes of pixels, each pixel without a disc is ground, whose label is the last. */
    private Made queries(String options, String task) {
        boolean ground = classes > 1;
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("class_queries_logits", queryLogits(ground ? 1 : 0));
        outputs.put("masks_queries_logits", masks(ground));
        String name = "mask2former" + options.replaceAll("^, segments: (\\w+).*", "-$1");
        return made(task, ground ? labels + 1 : labels, "{decoder: mask2former" + options + "}", outputs)
                .named(name);
    }

    /** The mask of each disc is a feature of its own, which the kernel at its place chooses. */
    private Made solov2() {
        int cells = 16;
        float[] scores = new float[labels * cells * cells];
        float[] kernels = new float[discs.size() * cells * cells];
        for (int i = 0; i < discs.size(); i++) {
            Disc disc = discs.get(i);
            int place = disc.y * cells / side * cells + disc.x * cells / side;
            scores[disc.label * cells * cells + place] = 0.95f - 0.02f * i;
            kernels[i * cells * cells + place] = 1;
        }
        return made(
                "detection",
                labels,
                "{decoder: solov2}",
                numbered(
                        Tensor.of(scores, labels, cells, cells),
                        Tensor.of(kernels, discs.size(), cells, cells),
                        masks(false)));
    }

    /** Half spheres before a plane. */
    private Made depth() {
        return made(
                "regression",
                1,
                "{decoder: values, units: [m]}",
                new LinkedHashMap<>(Map.of(
                        "output",
                        pixels(
                                1,
                                false,
                                (c, disc, dx, dy) -> disc == null
                                        ? 3
                                        : 3
                                                - Math.sqrt(Math.max(0, disc.radius * disc.radius - dx * dx - dy * dy))
                                                        / 10))));
    }
}
