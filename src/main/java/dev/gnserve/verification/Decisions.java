package dev.gnserve.verification;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.model.BoxSpec;
import dev.gnserve.model.ClassProbabilities;
import dev.gnserve.model.ClassifierHeads;
import dev.gnserve.model.InstanceSpec;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.model.PixelLabels;
import dev.gnserve.model.Task;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Compares the decisions of a model's outputs: whether a pixel belongs to a class, whether and where there is a box, which label is
 * best. Outputs that differ by rounding errors usually decide the same. Immutable and thread-safe.
 */
public final class Decisions {

    /** Without a manifest: the class with the highest logit, for each pixel or for the image. */
    public static final Decisions HIGHEST = new Decisions(null);

    /** Boxes that are fractions of the input, and those of a head, are compared as on an input of this side, in pixels. */
    private static final int SIDE = 1024;

    private final @Nullable ModelManifest manifest;

    private Decisions(@Nullable ModelManifest manifest) {
        this.manifest = manifest;
    }

    /** With the thresholds of a manifest. */
    public static Decisions of(ModelManifest manifest) {
        return new Decisions(manifest);
    }

    /**
     * The number of decisions that differ for one image.
     *
     * @param alone the outputs for the image alone
     * @param together the outputs for the image in a batch with others, with the same names
     */
    public long changed(Prediction alone, Prediction together) {
        ModelManifest known = manifest;
        if (known != null && known.output().decoder() == OutputSpec.Decoder.DETECTRON2) {
            Prediction one = known.output().chosen(alone);
            Prediction other = known.output().chosen(together);
            return one == null || other == null ? 0 : changedDetections(known, one, other);
        }
        if (DetectionPair.arePairable(alone.outputs()) && DetectionPair.arePairable(together.outputs())) {
            return changedDetections(known, alone, together);
        }
        if (known != null && known.output().hasQueries()) {
            return changedByLogits(known, alone, together); // Objects follow from the classes of pixels.
        }
        if (known != null && (known.task() == Task.EMBEDDING || known.task() == Task.REGRESSION)) {
            return 0; // These values decide nothing: they are compared as they are.
        }
        if (known != null && known.output().family() instanceof ClassifierHeads several) {
            return several.heads().stream()
                    .mapToLong(head -> changedWinners(head.of(alone), head.of(together)))
                    .sum();
        }
        InstanceSpec instances = known == null ? null : known.output().instances();
        if (known != null && instances != null) {
            return changedInstances(known, instances, alone, together);
        }
        if (known != null && known.task() == Task.DETECTION && known.output().decoder() != OutputSpec.Decoder.SOLOV2) {
            return changedBoxes(known, alone, together);
        }
        if (known != null && known.task() != Task.TENSORS && hasLogits(known, alone) && hasLogits(known, together)) {
            return changedByLogits(known, alone, together);
        }
        long changed = 0;
        for (Map.Entry<String, Tensor> output : alone.outputs().entrySet()) {
            Tensor other = together.outputs().get(output.getKey());
            if (other != null) {
                changed += changedWinners(output.getValue(), other);
            }
        }
        return changed;
    }

    /**
     * The number of positive decisions for one image, at least 1: pixels that belong to a class, boxes that are found, and for other
     * outputs the best class of each position; of outputs of whole numbers, all of them.
     */
    public long positive(Prediction prediction) {
        return Math.max(1, positives(manifest, prediction));
    }

    private static long positives(@Nullable ModelManifest known, Prediction prediction) {
        if (DetectionPair.arePairable(prediction.outputs())) {
            Tensor scores = Objects.requireNonNull(prediction.outputs().get("scores"));
            return above(
                    scores.floats(),
                    known == null ? Float.MIN_VALUE : known.thresholds().score());
        }
        if (known != null && known.task() == Task.SEGMENTATION && known.output().instances() == null) {
            return positivePixels(known, prediction);
        }
        OutputSpec.Locations boxes =
                known == null || known.task() != Task.DETECTION ? null : locations(known, prediction);
        if (known != null && boxes != null) {
            BoxSpec spec = known.output().boxes();
            return above(
                    spec.probabilities(boxes.scores(), known.labels().size()),
                    known.thresholds().score());
        }
        return prediction.outputs().values().stream()
                .mapToLong(Decisions::places)
                .sum();
    }

    private static long above(float[] scores, float threshold) {
        long count = 0;
        for (float score : scores) {
            count += score >= threshold ? 1 : 0;
        }
        return count;
    }

    private static long positivePixels(ModelManifest manifest, Prediction prediction) {
        PixelLabels labels = new PixelLabels(manifest);
        PlanarImage probabilities = probabilities(manifest, prediction);
        if (probabilities == null) {
            return 0;
        }
        int pixels = probabilities.width() * probabilities.height();
        float[] foreground = new float[pixels];
        long count = 0;
        for (int label = 0; label < labels.count(); label++) {
            labels.foreground(label, probabilities.values(), pixels, foreground);
            for (float value : foreground) {
                count += labels.isIn(label, value) ? 1 : 0;
            }
        }
        return count;
    }

    private static long changedDetections(@Nullable ModelManifest known, Prediction alone, Prediction together) {
        float threshold = known == null ? Float.MIN_VALUE : known.thresholds().score();
        float firstLabel =
                known == null ? Float.NEGATIVE_INFINITY : known.output().firstLabel(); // Below: background.
        return DetectionPair.of(alone, together).stream()
                .filter(pair -> pair.label(alone, together) >= firstLabel)
                .filter(pair -> pair.changes(alone, together, threshold))
                .count();
    }

    private static boolean hasLogits(ModelManifest manifest, Prediction prediction) {
        String name = manifest.output().name();
        return name == null || prediction.outputs().containsKey(name);
    }

    /** Only the logits, because the other outputs are not part of the result. */
    private static long changedByLogits(ModelManifest manifest, Prediction alone, Prediction together) {
        if (manifest.output().hasQueries()) {
            return changedPixels(manifest, alone, together);
        }
        Tensor one = manifest.output().logits(alone);
        Tensor other = manifest.output().logits(together);
        int channels = manifest.output().channels().size();
        return manifest.task() == Task.SEGMENTATION
                        && ((isMap(one.shape()) && one.shape().size(0) == channels)
                                || manifest.output().decoder() == OutputSpec.Decoder.CLASSES)
                ? changedPixels(manifest, alone, together)
                : changedWinners(one, other);
    }

    /** Of an image [channels, height, width] or a volume [channels, depth, height, width]. */
    private static boolean isMap(TensorShape shape) {
        return shape.rank() == 3 || shape.rank() == 4;
    }

    /** If only one of the two gives a result, it counts as one changed decision. */
    private static long changedInstances(
            ModelManifest manifest, InstanceSpec spec, Prediction alone, Prediction together) {
        int[] one = instances(manifest, spec, alone);
        int[] another = instances(manifest, spec, together);
        if (one == null || another == null || one.length != another.length) {
            return one == another ? 0 : 1;
        }
        long changed = 0;
        for (int i = 0; i < one.length; i++) {
            changed += one[i] == another[i] ? 0 : 1;
        }
        return changed;
    }

    /** Null if the outputs are not those of the decoder, so that there is no result. */
    private static int @Nullable [] instances(ModelManifest manifest, InstanceSpec spec, Prediction prediction) {
        try {
            return spec.decisions(manifest, prediction);
        } catch (FailureException e) {
            return null;
        }
    }

    private static long changedBoxes(ModelManifest manifest, Prediction alone, Prediction together) {
        OutputSpec.Locations one = locations(manifest, alone);
        OutputSpec.Locations another = locations(manifest, together);
        if (one == null || another == null) {
            return 0;
        }
        BoxSpec spec = manifest.output().boxes();
        int count = manifest.labels().size();
        float[] boxes = spec.corners(one.boxes(), SIDE, SIDE);
        float[] otherBoxes = spec.corners(another.boxes(), SIDE, SIDE);
        float[] scores = spec.probabilities(one.scores(), count);
        float[] otherScores = spec.probabilities(another.scores(), count);
        float threshold = manifest.thresholds().score();
        int labels = Math.max(1, scores.length / Math.max(1, boxes.length / 4));
        long changed = 0;
        for (int i = 0; i < scores.length; i++) {
            boolean counts = scores[i] >= threshold;
            if (counts != otherScores[i] >= threshold) {
                changed++;
            } else if (counts && isElsewhere(boxes, otherBoxes, i / labels * 4)) {
                changed++;
            }
        }
        return changed;
    }

    /** Null if the outputs are no boxes with scores, so that there is no result. */
    private static OutputSpec.@Nullable Locations locations(ModelManifest manifest, Prediction prediction) {
        try {
            return manifest.output().locations(prediction, SIDE, SIDE);
        } catch (FailureException e) {
            return null;
        }
    }

    private static boolean isElsewhere(float[] boxes, float[] others, int at) {
        for (int corner = at; corner < at + 4; corner++) {
            if (!(Math.abs(boxes[corner] - others[corner]) <= DetectionPair.SAME_BOX)) {
                return true;
            }
        }
        return false;
    }

    /** If only one of the two gives a result, all its decisions count as changed. */
    private static long changedPixels(ModelManifest manifest, Prediction alone, Prediction together) {
        PixelLabels labels = new PixelLabels(manifest);
        PlanarImage before = probabilities(manifest, alone);
        PlanarImage after = probabilities(manifest, together);
        if (before == null || after == null) {
            PlanarImage one = before == null ? after : before;
            return one == null ? 0 : (long) one.width() * one.height() * labels.count();
        }
        int pixels = before.width() * before.height();
        float[] was = new float[pixels];
        float[] is = new float[pixels];
        long changed = 0;
        for (int label = 0; label < labels.count(); label++) {
            labels.foreground(label, before.values(), pixels, was);
            labels.foreground(label, after.values(), pixels, is);
            for (int p = 0; p < pixels; p++) {
                changed += labels.isIn(label, was[p]) == labels.isIn(label, is[p]) ? 0 : 1;
            }
        }
        return changed;
    }

    /** The probabilities as for a result; null if there is no result because the logits contain NaN. */
    private static @Nullable PlanarImage probabilities(ModelManifest manifest, Prediction prediction) {
        try {
            return ClassProbabilities.of(prediction, manifest.output());
        } catch (FailureException e) {
            return null;
        }
    }

    /** How many decisions an output of no known meaning makes. */
    private static long places(Tensor output) {
        TensorShape shape = output.shape();
        if (shape.rank() < 1 || !output.type().isFloating()) {
            return shape.elements();
        }
        return shape.elements() / Math.max(1, shape.size(0));
    }

    /** Of whole numbers, such as labels, each one is a decision. */
    private static long changedWinners(Tensor alone, Tensor together) {
        TensorShape shape = alone.shape();
        if (!shape.equals(together.shape())) {
            return places(alone);
        }
        float[] one = alone.floats();
        float[] other = together.floats();
        if (!alone.type().isFloating()) {
            return IntStream.range(0, one.length)
                    .filter(i -> one[i] != other[i])
                    .count();
        }
        if (shape.rank() < 1 || shape.size(0) < 1) {
            return 0;
        }
        int classes = shape.size(0);
        int positions = one.length / classes;
        long changed = 0;
        for (int p = 0; p < positions; p++) {
            if (winner(one, p, classes, positions) != winner(other, p, classes, positions)) {
                changed++;
            }
        }
        return changed;
    }

    /** The class with the highest logit. With one class: 1 if its logit is above 0, that is, a probability above one half. */
    private static int winner(float[] values, int at, int classes, int positions) {
        if (classes == 1) {
            return values[at] > 0 ? 1 : 0;
        }
        int best = 0;
        for (int c = 1; c < classes; c++) {
            if (values[at + c * positions] > values[at + best * positions]) {
                best = c;
            }
        }
        return best;
    }
}
