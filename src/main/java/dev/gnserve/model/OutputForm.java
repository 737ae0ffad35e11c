package dev.gnserve.model;

import dev.gnserve.model.OutputSpec.Decoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One way to read the outputs of an archive.
 *
 * @param decoder of the manifest
 * @param exclusive whether a pixel has one class
 * @param labels number of labels that it needs; the least number if firstLabel is not null; 0 if the outputs do not show it
 * @param background whether the first channel is background
 * @param boxes of a detector
 * @param meaning in words
 * @param like the family whose name chooses this form, or null
 * @param firstLabel the number of the first label where outputs are label numbers; null where each label has a score
 */
record OutputForm(
        Task task,
        Decoder decoder,
        boolean exclusive,
        int labels,
        boolean background,
        BoxSpec boxes,
        String meaning,
        @Nullable Like like,
        @Nullable Integer firstLabel) {

    private OutputForm(
            Task task,
            Decoder decoder,
            boolean exclusive,
            int labels,
            boolean background,
            BoxSpec boxes,
            String meaning) {
        this(task, decoder, exclusive, labels, background, boxes, meaning, null, null);
    }

    /** A family by its name. */
    static OutputForm like(Like like, int labels) {
        return new OutputForm(
                like.task(), like.decoder(), false, labels, false, BoxSpec.USUAL, like.meaning(), like, null);
    }

    /**
     * As it is, with label numbers.
     *
     * @param first the number of the first label
     * @param greatest the greatest number seen; below first if none was
     */
    OutputForm numbered(int first, int greatest) {
        int least = Math.max(0, greatest - first + 1);
        return new OutputForm(task, decoder, exclusive, least, background, boxes, meaning, like, first);
    }

    static OutputForm tensors() {
        return of(Task.TENSORS, Decoder.TENSORS, 0, "the tensors as they are, without a meaning");
    }

    static OutputForm of(Task task, Decoder decoder, int labels, String meaning) {
        return new OutputForm(task, decoder, false, labels, false, BoxSpec.USUAL, meaning);
    }

    /** Pixels of which each has one class. */
    static OutputForm exclusive(Decoder decoder, int labels, boolean background, String meaning) {
        return new OutputForm(Task.SEGMENTATION, decoder, true, labels, background, BoxSpec.USUAL, meaning);
    }

    static OutputForm boxes(Decoder decoder, int labels, BoxSpec boxes, String meaning) {
        return new OutputForm(Task.DETECTION, decoder, false, labels, false, boxes, meaning);
    }

    /** Whether its map must have sides that divide those of the input. */
    boolean needsWholeMap() {
        return (task == Task.SEGMENTATION && like == null) || task == Task.REGRESSION;
    }

    boolean takes(int given) {
        if (task == Task.EMBEDDING) {
            return given == 0;
        }
        return given > 0 && (labels == 0 || labels == given || (firstLabel != null && given > labels));
    }

    /** The options of {@code gnserve new} that choose this form. */
    String options(List<String> names) {
        if (like != null) {
            return "--like " + like + " --labels " + String.join(",", names);
        }
        if (task == Task.EMBEDDING) {
            return "--task " + task.label();
        }
        if (task == Task.REGRESSION) {
            return "--task " + task.label() + " --labels " + String.join(",", names);
        }
        String form = (task == Task.DETECTION ? " --boxes " + lower(boxes.form()) : "")
                + (firstLabel == null ? "" : " --first-label " + firstLabel);
        return "--decoder " + lower(decoder) + form + " --labels " + String.join(",", names);
    }

    /** The section of the manifest, as a line; empty for plain tensors. */
    String manifest(String channels) {
        if (task == Task.TENSORS) {
            return "";
        }
        if (task == Task.EMBEDDING) {
            return "output: {normalize: false} # true scales each vector to length 1\n";
        }
        if (task == Task.REGRESSION) {
            return "output: {decoder: values} # units: [m] says their unit; shown: [0, 10] which values pictures show\n";
        }
        List<String> fields = new ArrayList<>(List.of("decoder: " + lower(decoder)));
        if (task == Task.SEGMENTATION && exclusive && !background) {
            fields.add("channels: " + channels);
        }
        if (like == null && task == Task.SEGMENTATION && !exclusive && decoder == Decoder.PROBABILITIES) {
            fields.add("exclusive: false");
        }
        if (like != null && !like.fields().isEmpty()) {
            fields.add(like.fields());
        } else if (like == null && task == Task.DETECTION) {
            fields.add("boxes: " + lower(boxes.form()));
            fields.add("unit: " + lower(boxes.unit()));
            fields.add("scores: " + lower(boxes.scores()));
            if (firstLabel != null) {
                fields.add("firstLabel: " + firstLabel);
            }
        }
        return "output: {" + String.join(", ", fields) + "}\n";
    }

    static String lower(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT);
    }
}
