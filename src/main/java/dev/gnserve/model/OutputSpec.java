package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.volume.VolumeStep;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a model's outputs mean.
 *
 * @param decoder how the outputs are decoded
 * @param name of the output with the logits; null for {@code out}, torchvision's name, or else the first output
 * @param channels the meaning of each output channel, in order: a label, {@value #BACKGROUND}, or {@value #BOUNDARY} for the
 *     rim that separates touching objects
 * @param firstLabel the number of the first label, for a detector with label numbers
 * @param exclusive whether a pixel belongs to its most probable channel only; else each label has its own threshold
 * @param atLeast least probability of the most probable channel; a pixel below it belongs to no label
 * @param boxes how a detector writes boxes and scores
 * @param family options of a family with a decoding of its own, or null
 * @param steps on the values before they are decoded, for volumes
 */
public record OutputSpec(
        Decoder decoder,
        @Nullable String name,
        List<String> channels,
        int firstLabel,
        boolean exclusive,
        float atLeast,
        BoxSpec boxes,
        @Nullable FamilySpec family,
        List<VolumeStep> steps) {

    public static final String BACKGROUND = "background";
    public static final String BOUNDARY = "boundary";

    /** As in the dictionaries of torchvision's detectors and of DETR. */
    static final List<String> BOX_NAMES = List.of("boxes", "pred_boxes");

    static final List<String> SCORE_NAMES = List.of("scores", "logits", "pred_logits");

    /** The name of the logits in torchvision's segmentation networks. */
    static final String USUAL_NAME = "out";

    /**
     * How outputs are decoded. Softmax over the channels: one class per pixel or image. Sigmoid of each channel: classes may
     * overlap. Probabilities: the values are probabilities already. Classes: a finished map, the number of a channel for each
     * pixel, [H, W] or [1, H, W]. Boxes: either two outputs, boxes [N, A, 4] (left, top, right, bottom in input pixels) and scores
     * [N, A, labels] (0 to 1); or, per image or for a single image, a dictionary with boxes [D, 4], labels [D], scores [D] and
     * optionally masks [D, 1, H, W], as from torchvision's detectors. DETR: a logit for each label and query, and boxes (Carion et al. 2020). Tensors: not decoded.
     * FCOS and RETINANET: the levels of a head, see {@link FcosSpec} and {@link RetinaNetSpec}. YOLO: a table, see {@link YoloSpec}, chosen boxes, see {@link YoloRows}, or levels, see {@link YoloLevels}. DETECTRON2: its tuple for one image, see
     * {@link Detectron2Outputs}. MASKFORMER and MASK2FORMER: class and mask queries, see {@link QuerySpec}.
     * SOLOV2: scores, kernels and features, see {@link SoloSpec}.
     * HoVer-Net: separate nuclei from {@link HoverNetOutputs} (Graham et al. 2019). StarDist: objects from
     * {@link StarDistOutputs} (Schmidt et al. 2018). Cellpose: objects from flows (Stringer et al. 2021).
     * Watershed: objects of a volume between boundaries, see {@link WatershedSpec}.
     * Embedding: one vector for each image, see {@link EmbeddingSpec}. Values: a number for each pixel, see {@link ValueSpec}.
     */
    public enum Decoder {
        SOFTMAX,
        SIGMOID,
        PROBABILITIES,
        CLASSES,
        BOXES,
        DETR,
        TENSORS,
        FCOS,
        RETINANET,
        DETECTRON2,
        MASKFORMER,
        MASK2FORMER,
        SOLOV2,
        HOVERNET,
        STARDIST,
        CELLPOSE,
        WATERSHED,
        EMBEDDING,
        VALUES,
        YOLO
    }

    /** Without a family. */
    public OutputSpec(
            Decoder decoder,
            @Nullable String name,
            List<String> channels,
            int firstLabel,
            boolean exclusive,
            float atLeast,
            BoxSpec boxes) {
        this(decoder, name, channels, firstLabel, exclusive, atLeast, boxes, null, List.of());
    }

    public OutputSpec {
        channels = List.copyOf(channels);
        steps = List.copyOf(steps);
        if (exclusive && channels.contains(BOUNDARY)) {
            throw new IllegalArgumentException("exclusive is true, but the channel " + BOUNDARY
                    + " is part of the label next to it; leave exclusive out");
        }
        if (exclusive && decoder == Decoder.SIGMOID) {
            throw new IllegalArgumentException(
                    "exclusive is true, but with the decoder sigmoid classes may overlap; use softmax");
        }
        if (!exclusive && decoder == Decoder.CLASSES) {
            throw new IllegalArgumentException("exclusive is false, but a map of classes has one class a pixel");
        }
        if (!exclusive && atLeast > 0) {
            throw new IllegalArgumentException(
                    "atLeast is given, but classes may overlap here; use thresholds.mask, or exclusive: true");
        }
    }

    /** Options of a decoder that reads separate objects from maps of pixels; null for another decoder. */
    public @Nullable InstanceSpec instances() {
        return family instanceof InstanceSpec instances ? instances : null;
    }

    /**
     * The output with logits, probabilities or classes.
     *
     * @throws FailureException ENGINE_FAULT if there is no output with this name
     */
    public Tensor logits(Prediction prediction) {
        if (name == null) {
            return usualLogits(prediction);
        }
        Tensor logits = prediction.outputs().get(name);
        if (logits == null) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "model.yaml names the output \"" + name + "\", but the archive returns "
                            + prediction.outputs().keySet());
        }
        return logits;
    }

    /** The values after {@link #steps}, [channels, ...]: the same tensor if there are none. */
    public Tensor stepped(Tensor logits) {
        if (steps.isEmpty()) {
            return logits;
        }
        float[] values = logits.floats().clone();
        int count = logits.shape().size(0);
        steps.forEach(step -> step.apply(values, count, values.length / count));
        return Tensor.of(values, logits.shape().toArray());
    }

    /** The same for values after the steps. */
    OutputSpec withoutSteps() {
        return new OutputSpec(decoder, name, channels, firstLabel, exclusive, atLeast, boxes, family, List.of());
    }

    /**
     * The output that the manifest names, or the only one: for values of which nothing shows what they are.
     *
     * @param what it holds, for people
     * @throws FailureException ENGINE_FAULT if there is no output with this name, or if there are several and no name
     */
    Tensor only(Prediction prediction, String what) {
        boolean several =
                prediction.outputs().size() > 1 && !prediction.outputs().containsKey(USUAL_NAME);
        if (name == null && several) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "The model returned several outputs, %s. Choose the one with the %s in its model.yaml: output: {name: ...}."
                            .formatted(prediction.outputs(), what));
        }
        return logits(prediction);
    }

    /**
     * Boxes and scores of all locations, of a detector that does not select detections itself.
     *
     * @param boxes [A, 4]
     * @param scores [A, labels]
     * @param ends for each level of a head the location after its last one; empty for others
     */
    public record Locations(Tensor boxes, Tensor scores, List<Integer> ends) {

        public Locations {
            ends = List.copyOf(ends);
        }
    }

    /** Whether the manifest is of a detector. */
    boolean hasBoxes() {
        return switch (decoder) {
            case BOXES, DETR, FCOS, RETINANET, DETECTRON2, SOLOV2, YOLO -> true;
            case SOFTMAX,
                    SIGMOID,
                    PROBABILITIES,
                    CLASSES,
                    TENSORS,
                    MASKFORMER,
                    MASK2FORMER,
                    HOVERNET,
                    STARDIST,
                    CELLPOSE,
                    WATERSHED,
                    EMBEDDING,
                    VALUES -> false;
        };
    }

    /**
     * The detections that the detector selected itself: boxes [D, 4], labels [D], scores [D] and perhaps masks, by these names. Null if
     * it selects none.
     *
     * @throws FailureException ENGINE_FAULT if outputs of detectron2 or rows of YOLO are declared, and these are others
     */
    public @Nullable Prediction chosen(Prediction prediction) {
        if (decoder == Decoder.DETECTRON2) {
            return Detectron2Outputs.of(prediction);
        }
        if (family instanceof YoloRows) {
            return YoloRows.chosen(prediction);
        }
        return prediction.outputs().containsKey("labels") ? prediction : null;
    }

    /** Whether the outputs are class and mask queries: for segmentation or for detection. */
    public boolean hasQueries() {
        return family instanceof QuerySpec;
    }

    /** Whether each object has one box, so that none is to be suppressed. */
    public boolean isSet() {
        return decoder == Decoder.DETR
                || decoder == Decoder.DETECTRON2
                || decoder == Decoder.SOLOV2
                || family instanceof YoloRows
                || hasQueries();
    }

    /** Whether boxes that lie mostly outside of the image count: so it is in the references. */
    public boolean keepsPartial() {
        return (family != null && decoder != Decoder.BOXES) || decoder == Decoder.DETECTRON2;
    }

    /**
     * The outputs with boxes and scores: those with the usual names, or else those with fitting shapes, in any order. Those of a head
     * are decoded.
     *
     * @param width of the input
     * @param height of the input
     * @throws FailureException ENGINE_FAULT if they do not fit the labels, or if both could be the boxes
     */
    public Locations locations(Prediction prediction, int width, int height) {
        return locations(prediction, width, height, 0);
    }

    /**
     * As {@link #locations(Prediction, int, int)}.
     *
     * @param least scores of a head below it may be 0, which saves time
     */
    public Locations locations(Prediction prediction, int width, int height, float least) {
        if (family instanceof HeadSpec head) {
            HeadSpec.HeadBoxes decoded = head.decode(prediction, channels.size(), width, height, least);
            int count = decoded.boxes().length / 4;
            return new Locations(
                    Tensor.of(decoded.boxes(), count, 4),
                    Tensor.of(decoded.scores(), count, channels.size()),
                    decoded.ends());
        }
        int columns = boxes.columns(channels.size());
        List<Tensor> outputs = List.copyOf(prediction.outputs().values());
        Tensor named = named(prediction, BOX_NAMES);
        Tensor namedScores = named(prediction, SCORE_NAMES);
        List<Tensor> fourColumns = outputs.stream()
                .filter(output -> output != namedScores && hasColumns(output, 4))
                .toList();
        Tensor found = named != null || fourColumns.isEmpty() ? named : fourColumns.get(0);
        List<Tensor> scores = outputs.stream()
                .filter(output -> output != found && hasColumns(output, columns))
                .toList();
        Tensor score = namedScores != null || scores.isEmpty() ? namedScores : scores.get(scores.size() - 1);
        if (found == null
                || score == null
                || found == score
                || !hasColumns(found, 4)
                || !hasColumns(score, columns)
                || score.shape().size(0) != found.shape().size(0)) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "The model returned %s, but its model.yaml declares boxes [A, 4] and scores [A, %d], one score for each of %s%s."
                            .formatted(
                                    prediction.outputs(),
                                    columns,
                                    channels,
                                    columns > channels.size() ? " and, last, no object" : ""));
        }
        // The order of a tuple is fixed for the decoder boxes only: boxes, scores.
        if (decoder == Decoder.DETR && named == null && namedScores == null && columns == 4) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "The model returned %s: both outputs can be the boxes. Export it with a dictionary of logits and pred_boxes."
                            .formatted(prediction.outputs()));
        }
        return new Locations(found, score, List.of());
    }

    private static boolean hasColumns(Tensor output, int columns) {
        return output.shape().rank() == 2 && output.shape().size(1) == columns;
    }

    /** Null if there is none. */
    static @Nullable Tensor named(Prediction prediction, List<String> names) {
        return names.stream()
                .map(prediction.outputs()::get)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    /** The output with the logits if the manifest does not name one. */
    static Tensor usualLogits(Prediction prediction) {
        return prediction.outputs().getOrDefault(USUAL_NAME, prediction.first());
    }
}
