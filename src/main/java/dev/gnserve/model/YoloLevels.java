package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The levels of a YOLO head (YOLOv8 and later) before their decoding: for each stride a map [4 x bins + labels, h, w], or one of
 * [4 x bins, h, w] and one of [labels, h, w].
 *
 * <p>The distance from the middle of a location to the left, top, right and bottom edge, in strides, is the expectation of a distribution
 * over 0, 1, ..., bins - 1, of which the map has logits (Li et al. 2020, Generalized Focal Loss, section 3.2). With one bin, the map has
 * the distances. The score is the sigmoid of the logit of the best label.
 *
 * @param bins of a distance
 * @param strides of the levels; empty where their sizes show them
 */
public record YoloLevels(int bins, List<Integer> strides, int candidates) implements HeadSpec {

    /** As in all public networks with distributions. */
    static final int USUAL_BINS = 16;

    public YoloLevels {
        strides = List.copyOf(strides);
    }

    @Override
    public HeadBoxes decode(Prediction prediction, int labels, int width, int height, float least) {
        List<List<Tensor>> levels = levels(prediction, labels);
        if (levels == null) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "The model returned %s, but its model.yaml declares the decoder yolo with form: levels, %d labels and %d bins: for each stride a map [%d, h, w]%s."
                            .formatted(
                                    prediction.outputs(),
                                    labels,
                                    bins,
                                    4 * bins + labels,
                                    labels == 4 * bins
                                            ? " with the boxes first. Two maps of as many channels do not show which is which"
                                            : ", or [%d, h, w] and [%d, h, w]".formatted(4 * bins, labels)));
        }
        List<Tensor> maps = levels.stream().map(level -> level.get(0)).toList();
        List<HeadGrid> grids = HeadGrid.of(new HeadLevels(maps, maps, List.of()), strides, false, 1, width, height);
        int total = grids.stream().mapToInt(HeadGrid::locations).sum();
        float[] boxes = new float[4 * total];
        float[] scores = new float[labels * total];
        Arrays.fill(scores, -1); // A location is a box of its best label only, also with the threshold 0.
        int at = 0;
        for (int i = 0; i < grids.size(); i++) {
            decode(grids.get(i), levels.get(i), labels, least, boxes, scores, at);
            at += grids.get(i).locations();
        }
        return new HeadBoxes(boxes, scores, List.of(total));
    }

    private void decode(
            HeadGrid grid, List<Tensor> level, int labels, float least, float[] boxes, float[] scores, int at) {
        boolean one = level.size() == 1;
        int columns = 4 * bins + (one ? labels : 0);
        float[] places = grid.values(level.get(0), 1, columns);
        float[] logits = one ? places : grid.values(level.get(1), 1, labels);
        float cut = HeadGrid.logitBelow(least);
        for (int i = 0; i < grid.locations(); i++) {
            int place = i * columns;
            int first = one ? place + 4 * bins : i * labels;
            int best = 0;
            float sum = 0; // Not a number if one of them is none.
            for (int label = 0; label < labels; label++) {
                best = logits[first + label] > logits[first + best] ? label : best;
                sum += logits[first + label];
            }
            int to = 4 * (at + i);
            if (!Float.isFinite(sum)) {
                scores[(at + i) * labels] = sum;
            } else if (logits[first + best] >= cut) {
                scores[(at + i) * labels + best] = HeadGrid.sigmoid(logits[first + best]);
                int row = i / grid.width();
                float x = i % grid.width() + 0.5f;
                float y = row + 0.5f;
                boxes[to] = (x - distance(places, place)) * grid.strideX();
                boxes[to + 1] = (y - distance(places, place + bins)) * grid.strideY();
                boxes[to + 2] = (x + distance(places, place + 2 * bins)) * grid.strideX();
                boxes[to + 3] = (y + distance(places, place + 3 * bins)) * grid.strideY();
            }
        }
    }

    /** The expectation of a distribution, in strides. */
    private float distance(float[] logits, int from) {
        if (bins == 1) {
            return logits[from];
        }
        float greatest = logits[from];
        for (int bin = 1; bin < bins; bin++) {
            greatest = Math.max(greatest, logits[from + bin]);
        }
        double weighted = 0;
        double total = 0;
        for (int bin = 0; bin < bins; bin++) {
            double weight = Math.exp(logits[from + bin] - greatest);
            weighted += bin * weight;
            total += weight;
        }
        return (float) (weighted / total);
    }

    /**
     * The maps of each level, from the largest to the smallest: one, or that of the boxes and that of the labels.
     *
     * @return null if outputs are others
     */
    private @Nullable List<List<Tensor>> levels(Prediction prediction, int labels) {
        Map<List<Integer>, List<Tensor>> bySize = new LinkedHashMap<>();
        if (prediction.outputs().values().stream()
                .anyMatch(map -> map.shape().rank() != 3 || map.shape().size(0) == 0)) {
            return null;
        }
        List<Tensor> maps = prediction.outputs().values().stream()
                .sorted(Comparator.comparingInt((Tensor map) ->
                                map.shape().elements() / map.shape().size(0))
                        .reversed())
                .toList();
        for (Tensor map : maps) {
            bySize.computeIfAbsent(List.of(map.shape().size(1), map.shape().size(2)), size -> new ArrayList<>())
                    .add(map);
        }
        List<List<Tensor>> levels = new ArrayList<>();
        for (List<Tensor> level : bySize.values()) {
            List<Integer> channels =
                    level.stream().map(map -> map.shape().size(0)).toList();
            if (channels.size() == 2 && labels == 4 * bins) {
                return null; // Nothing shows which is which.
            }
            if (channels.equals(List.of(4 * bins + labels)) || channels.equals(List.of(4 * bins, labels))) {
                levels.add(level);
            } else if (channels.equals(List.of(labels, 4 * bins))) {
                levels.add(List.of(level.get(1), level.get(0)));
            } else {
                return null;
            }
        }
        return levels;
    }

    /** The number of labels of two or more levels with {@value #USUAL_BINS} bins; 0 if outputs are none. */
    static int labels(Prediction prediction) {
        YoloLevels usual = new YoloLevels(USUAL_BINS, List.of(), 1);
        for (Tensor map : prediction.outputs().values()) {
            int channels = map.shape().rank() == 3 ? map.shape().size(0) : 0;
            for (int labels : new int[] {channels - 4 * USUAL_BINS, channels}) {
                List<List<Tensor>> levels = labels > 0 ? usual.levels(prediction, labels) : null;
                if (levels != null && levels.size() > 1) {
                    return labels;
                }
            }
        }
        return 0;
    }
}
