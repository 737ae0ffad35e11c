package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The outputs of a detection head, sorted: for each of its maps (class logits, boxes, and perhaps centre-ness) one tensor a level, or one
 * tensor for all levels.
 *
 * <p>The archive returns each level as pictures [channels, height, width], in lists over the levels or level by level; or all levels
 * together as rows [locations x anchors, columns]. Names of a dictionary say which map is which, or else the number of channels does.
 * Where two maps have equally many channels, their order must be: classes, boxes, centre-ness.
 *
 * @param classes one tensor a level, or one
 * @param boxes likewise
 * @param centres likewise; empty if the head has none
 */
record HeadLevels(List<Tensor> classes, List<Tensor> boxes, List<Tensor> centres) {

    private static final List<List<Integer>> ORDERS_OF_TWO = List.of(List.of(0, 1), List.of(1, 0));

    private static final List<List<Integer>> ORDERS_OF_THREE = List.of(
            List.of(0, 1, 2), List.of(0, 2, 1), List.of(1, 0, 2), List.of(1, 2, 0), List.of(2, 0, 1), List.of(2, 1, 0));

    HeadLevels {
        classes = List.copyOf(classes);
        boxes = List.copyOf(boxes);
        centres = List.copyOf(centres);
    }

    /**
     * Sorts outputs.
     *
     * @param maps 2, or 3 with centre-ness
     * @param labels their number; 0 if it is unknown
     * @return null if the outputs are no levels of such a head
     */
    static @Nullable HeadLevels find(Prediction prediction, int maps, int labels) {
        Map<String, Tensor> outputs = prediction.outputs();
        int levels = outputs.size() / maps;
        if (levels == 0 || outputs.size() % maps != 0) {
            return null;
        }
        if (outputs.keySet().stream().noneMatch(name -> name.matches("output\\d*"))) {
            return named(outputs, maps, labels);
        }
        List<Tensor> inOrder = List.copyOf(outputs.values());
        for (List<Integer> order : maps == 2 ? ORDERS_OF_TWO : ORDERS_OF_THREE) {
            for (boolean lists : new boolean[] {true, false}) {
                List<List<Tensor>> sorted = order.stream()
                        .map(map -> IntStream.range(0, levels)
                                .mapToObj(level -> inOrder.get(lists ? map * levels + level : level * maps + map))
                                .toList())
                        .toList();
                HeadLevels found = new HeadLevels(sorted.get(0), sorted.get(1), maps == 3 ? sorted.get(2) : List.of());
                if (found.fits(labels)) {
                    return found;
                }
            }
        }
        return null;
    }

    /** As {@link #find}, but outputs that do not fit are a fault. */
    static HeadLevels of(Prediction prediction, int maps, int labels) {
        HeadLevels found = find(prediction, maps, labels);
        if (found == null) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    ("The model returned %s, but its model.yaml declares a detection head with %d labels: for each level"
                                    + " class logits [A x %d, h, w] and boxes [A x 4, h, w]%s; or the same as rows.")
                            .formatted(
                                    prediction.outputs(),
                                    labels,
                                    labels,
                                    maps == 3 ? " and centre-ness [1, h, w], with A = 1" : ""));
        }
        return found;
    }

    /** The maps of a dictionary by their names; its order is undefined. */
    private static @Nullable HeadLevels named(Map<String, Tensor> outputs, int maps, int labels) {
        List<List<Tensor>> sorted = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        outputs.entrySet().stream()
                .sorted(Comparator.comparingInt(output -> level(output.getKey())))
                .forEach(output -> {
                    int map = map(output.getKey().toLowerCase(Locale.ROOT));
                    if (map >= 0) {
                        sorted.get(map).add(output.getValue());
                    }
                });
        HeadLevels found = new HeadLevels(sorted.get(0), sorted.get(1), sorted.get(2));
        int count = found.classes.size() + found.boxes.size() + found.centres.size();
        boolean complete = count == outputs.size() && found.centres.isEmpty() == (maps == 2);
        return complete && found.fits(labels) ? found : null;
    }

    /** The number at the end of a name, of the level. */
    private static int level(String name) {
        String digits = name.replaceFirst("^.*?(\\d{0,4})$", "$1");
        return digits.isEmpty() ? 0 : Integer.parseInt(digits);
    }

    private static int map(String name) {
        if (name.contains("ctr") || name.contains("center") || name.contains("centre")) {
            return 2;
        }
        int boxes = last(name, "box", "reg", "delta");
        int classes = last(name, "cls", "class", "logit");
        return boxes > classes ? 1 : classes >= 0 ? 0 : -1;
    }

    /** Where the last of some words begins: box_cls has classes, and cls_box has boxes. -1 if there is none. */
    private static int last(String name, String... words) {
        return Arrays.stream(words).mapToInt(name::lastIndexOf).max().orElse(-1);
    }

    private boolean fits(int labels) {
        int levels = classes.size();
        if (levels == 0 || boxes.size() != levels || (!centres.isEmpty() && centres.size() != levels)) {
            return false;
        }
        for (Tensor map : List.of(classes.get(0), boxes.get(0))) {
            if (map.shape().rank() != 2 && map.shape().rank() != 3) {
                return false;
            }
        }
        int anchors = anchors();
        for (int level = 0; level < levels; level++) {
            Tensor scores = classes.get(level);
            Tensor places = boxes.get(level);
            boolean pair = isPair(scores, places)
                    && columns(places) == 4 * (isRows() ? 1 : anchors)
                    && columns(scores) == columns(classes.get(0))
                    && columns(scores) % (isRows() ? 1 : anchors) == 0
                    && (labels == 0 || labels() == labels)
                    && (level == 0 || size(classes.get(level - 1)) >= size(scores));
            boolean centred = centres.isEmpty()
                    || (anchors == 1 && isPair(scores, centres.get(level)) && columns(centres.get(level)) == 1);
            if (!pair || !centred) {
                return false;
            }
        }
        return anchors > 0 && (!isRows() || levels == 1);
    }

    /** Whether all levels are together, as rows. */
    boolean isRows() {
        return classes.get(0).shape().rank() == 2;
    }

    /** Anchors of a location; 1 for rows, which do not show it. */
    int anchors() {
        return isRows() ? 1 : columns(boxes.get(0)) / 4;
    }

    /** The number of labels that the outputs show. */
    int labels() {
        return columns(classes.get(0)) / anchors();
    }

    private static boolean isPair(Tensor one, Tensor other) {
        int rank = one.shape().rank();
        if (rank != other.shape().rank()
                || (rank != 2 && rank != 3)
                || one.shape().elements() == 0) {
            return false;
        }
        return rank == 2
                ? one.shape().size(0) == other.shape().size(0)
                : one.shape().size(1) == other.shape().size(1)
                        && one.shape().size(2) == other.shape().size(2);
    }

    private static int columns(Tensor map) {
        return map.shape().size(map.shape().rank() == 2 ? 1 : 0);
    }

    private static int size(Tensor map) {
        return map.shape().rank() == 2
                ? map.shape().size(0)
                : map.shape().size(1) * map.shape().size(2);
    }
}
