package dev.gnserve.model;

import dev.gnserve.model.OutputSpec.Decoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

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
 * @param reads the outputs that it reads; empty for all
 * @param output the output that the manifest must name, or null
 * @param heads the number of labels of each output of a classifier with several heads; empty for others
 * @param evidence how far the values show this form
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
        @Nullable Integer firstLabel,
        List<String> reads,
        @Nullable String output,
        Map<String, Integer> heads,
        Evidence evidence) {

    /** What has to be asked for before a form counts. */
    enum Evidence {
        /** Nothing: shapes and values are those of this form and, with these labels, of no other. */
        SHOWN,
        /** Its task or its decoder: other outputs have such values, too, as a depth and the logit of one class. */
        OPEN,
        /** Its decoder: values do not contradict it, but a trained network seldom gives them. */
        UNLIKELY
    }

    private OutputForm(
            Task task,
            Decoder decoder,
            boolean exclusive,
            int labels,
            boolean background,
            BoxSpec boxes,
            String meaning) {
        this(
                task,
                decoder,
                exclusive,
                labels,
                background,
                boxes,
                meaning,
                null,
                null,
                List.of(),
                null,
                Map.of(),
                task == Task.EMBEDDING || task == Task.REGRESSION ? Evidence.OPEN : Evidence.SHOWN);
    }

    /** A family by its name. */
    static OutputForm like(Like like, int labels) {
        OutputForm plain = of(like.task(), like.decoder(), labels, like.meaning());
        return plain.copy(labels, plain.meaning, like, null, List.of(), null, Evidence.SHOWN);
    }

    /** As it is, with less evidence. */
    OutputForm with(Evidence less) {
        return copy(labels, meaning, like, firstLabel, reads, output, less);
    }

    /** As it is, with more about its meaning. */
    OutputForm saying(String more) {
        return copy(labels, meaning + more, like, firstLabel, reads, output, evidence);
    }

    /**
     * As it is, with label numbers.
     *
     * @param first the number of the first label
     * @param greatest the greatest number seen; below first if none was
     */
    OutputForm numbered(int first, int greatest) {
        return copy(Math.max(0, greatest - first + 1), meaning, like, first, reads, output, evidence);
    }

    /** As it is, and known to read some of the outputs only. */
    OutputForm reading(List<String> outputs) {
        return copy(labels, meaning, like, firstLabel, outputs, output, evidence);
    }

    /** As it is, for one of several outputs, which the manifest has to name. */
    OutputForm of(String name) {
        return copy(labels, meaning + ", in the output " + name, like, firstLabel, List.of(name), name, evidence);
    }

    /** With everything else as it is. */
    private OutputForm copy(
            int ofLabels,
            String inWords,
            @Nullable Like family,
            @Nullable Integer first,
            List<String> outputs,
            @Nullable String named,
            Evidence shown) {
        return new OutputForm(
                task,
                decoder,
                exclusive,
                ofLabels,
                background,
                boxes,
                inWords,
                family,
                first,
                outputs,
                named,
                heads,
                shown);
    }

    /** A classifier of several outputs, each with labels of its own. */
    static OutputForm heads(Decoder decoder, Map<String, Integer> heads, String meaning) {
        return new OutputForm(
                Task.CLASSIFICATION,
                decoder,
                false,
                0,
                false,
                BoxSpec.USUAL,
                meaning,
                null,
                null,
                List.copyOf(heads.keySet()),
                null,
                heads,
                Evidence.SHOWN);
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

    /** Whether what is asked for is enough for its evidence. */
    boolean isShownWith(@Nullable Task asked, @Nullable Decoder askedDecoder) {
        return switch (evidence) {
            case SHOWN -> true;
            case OPEN -> asked == task || askedDecoder == decoder;
            case UNLIKELY -> askedDecoder == decoder;
        };
    }

    /** Whether its map must have sides that divide those of the input. */
    boolean needsWholeMap() {
        return (task == Task.SEGMENTATION && like == null) || task == Task.REGRESSION;
    }

    boolean takes(int given) {
        if (task == Task.EMBEDDING || !heads.isEmpty()) {
            return given == 0;
        }
        return given > 0 && (labels == 0 || labels == given || (firstLabel != null && given > labels));
    }

    /** The options of {@code gnserve new} that choose this form. */
    String options(List<String> names) {
        String name = output == null ? "" : " --output " + output;
        if (!heads.isEmpty()) {
            return "--decoder " + lower(decoder)
                    + heads.entrySet().stream()
                            .map(head -> " --head " + head.getKey() + "="
                                    + IntStream.rangeClosed(1, head.getValue())
                                            .mapToObj(i -> "class" + i)
                                            .collect(Collectors.joining(",")))
                            .collect(Collectors.joining());
        }
        if (like != null) {
            return "--like " + like + (like == Like.YOLOV10 ? " --first-label " + firstLabel : "") + " --labels "
                    + String.join(",", names);
        }
        if (task == Task.EMBEDDING) {
            return "--task " + task.label() + name;
        }
        if (task == Task.REGRESSION) {
            return "--task " + task.label() + name + " --labels " + String.join(",", names);
        }
        String form = (task == Task.DETECTION ? " --boxes " + lower(boxes.form()) : "")
                + (firstLabel == null ? "" : " --first-label " + firstLabel);
        return "--decoder " + lower(decoder) + form + name + " --labels " + String.join(",", names);
    }

    /**
     * The section of the manifest, as a line; empty for plain tensors.
     *
     * @param channels as a JSON list
     * @param named the heads of a classifier with several, with their labels
     */
    String manifest(String channels, Map<String, List<String>> named) {
        if (task == Task.TENSORS) {
            return "";
        }
        if (task == Task.EMBEDDING) {
            return "output: {" + (output == null ? "" : "name: " + quoted(output) + ", ")
                    + "normalize: false} # true scales each vector to length 1\n";
        }
        if (task == Task.REGRESSION) {
            return "output: {decoder: values" + (output == null ? "" : ", name: " + quoted(output))
                    + "} # units: [m] says their unit; shown: [0, 10] which values pictures show\n";
        }
        List<String> fields = new ArrayList<>(List.of("decoder: " + lower(decoder)));
        if (output != null) {
            fields.add("name: " + quoted(output));
        }
        if (!heads.isEmpty()) {
            fields.add(named.entrySet().stream()
                    .map(head -> "{name: " + quoted(head.getKey()) + ", labels: "
                            + head.getValue().stream().map(OutputForm::quoted).toList() + "}")
                    .collect(Collectors.joining(", ", "heads: [", "]")));
        }
        if (task == Task.SEGMENTATION && exclusive && !background) {
            fields.add("channels: " + channels);
        }
        if (like == null && task == Task.SEGMENTATION && !exclusive && decoder == Decoder.PROBABILITIES) {
            fields.add("exclusive: false");
        }
        if (like != null && !like.fields().isEmpty()) {
            fields.add(like.fields());
            if (like == Like.YOLOV10 && firstLabel != null && firstLabel > 0) {
                fields.add("firstLabel: " + firstLabel);
            }
        } else if (like == null && task == Task.DETECTION) {
            fields.add("boxes: " + lower(boxes.form()));
            fields.add("unit: " + lower(boxes.unit()));
            fields.add("scores: " + lower(boxes.scores()));
            if (firstLabel != null) {
                fields.add("firstLabel: " + firstLabel);
            }
        }
        String thresholds =
                like == null || like.thresholds().isEmpty() ? "" : "thresholds: {" + like.thresholds() + "}\n";
        return "output: {" + String.join(", ", fields) + "}\n" + thresholds;
    }

    /** A text of JSON is one of YAML. */
    private static String quoted(String text) {
        return JsonMapper.shared().writeValueAsString(text);
    }

    static String lower(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT);
    }
}
