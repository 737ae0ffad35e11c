package dev.gnserve.verification;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.model.OutputSpec.Decoder;
import dev.gnserve.model.Task;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a model's outputs decide: whether a pixel belongs to a class, whether a box counts and where it lies, which label is
 * best. Two outputs may differ by a rounding error and decide the same. Immutable and thread-safe.
 */
public final class Decisions {

    /** Without a manifest: the class with the highest logit, of every pixel or of the image. */
    public static final Decisions HIGHEST = new Decisions(null);

    private final @Nullable ModelManifest manifest;

    private Decisions(@Nullable ModelManifest manifest) {
        this.manifest = manifest;
    }

    /** By the thresholds of a manifest. */
    public static Decisions of(ModelManifest manifest) {
        return new Decisions(manifest);
    }

    /**
     * How many decisions differ for one image.
     *
     * @param alone the outputs for the image in a batch of its own
     * @param together those of the same names that it got among others
     */
    long changed(Prediction alone, Prediction together) {
        ModelManifest known = manifest;
        if (DetectionPair.arePairable(alone.outputs()) && DetectionPair.arePairable(together.outputs())) {
            float threshold =
                    known == null ? Float.MIN_VALUE : known.thresholds().score();
            return DetectionPair.of(alone, together).stream()
                    .filter(pair -> pair.changes(alone, together, threshold))
                    .count();
        }
        if (known != null && known.task() == Task.DETECTION) {
            boolean dense = first(alone, "boxes").shape().rank() == 2
                    && last(alone, "scores").shape().rank() == 2;
            return dense ? changedBoxes(known, alone, together) : 0;
        }
        long changed = 0;
        for (Map.Entry<String, Tensor> output : alone.outputs().entrySet()) {
            Tensor other = together.outputs().get(output.getKey());
            TensorShape shape = output.getValue().shape();
            if (other == null || shape.rank() < 1 || shape.size(0) < 1) {
                continue;
            }
            float[] one = output.getValue().floats();
            if (known != null
                    && known.task() == Task.SEGMENTATION
                    && shape.size(0) == known.output().channels().size()) {
                changed += changedPixels(known, one, other.floats());
            } else {
                changed += changedWinners(shape.size(0), one, other.floats());
            }
        }
        return changed;
    }

    private static long changedBoxes(ModelManifest manifest, Prediction alone, Prediction together) {
        float[] boxes = first(alone, "boxes").floats();
        float[] scores = last(alone, "scores").floats();
        float[] otherBoxes = first(together, "boxes").floats();
        float[] otherScores = last(together, "scores").floats();
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

    private static Tensor first(Prediction prediction, String name) {
        return prediction.outputs().getOrDefault(name, prediction.first());
    }

    private static Tensor last(Prediction prediction, String name) {
        List<Tensor> outputs = List.copyOf(prediction.outputs().values());
        return prediction.outputs().getOrDefault(name, outputs.get(outputs.size() - 1));
    }

    private static boolean isElsewhere(float[] boxes, float[] others, int at) {
        for (int corner = at; corner < at + 4; corner++) {
            if (!(Math.abs(boxes[corner] - others[corner]) <= DetectionPair.SAME_BOX)) {
                return true;
            }
        }
        return false;
    }

    private static long changedPixels(ModelManifest manifest, float[] one, float[] other) {
        OutputSpec output = manifest.output();
        int channels = output.channels().size();
        int pixels = one.length / channels;
        int rim = output.channels().indexOf(OutputSpec.BOUNDARY);
        float threshold = manifest.thresholds().mask();
        double[] alone = new double[channels];
        double[] together = new double[channels];
        long changed = 0;
        for (int p = 0; p < pixels; p++) {
            probabilities(output.decoder(), one, p, pixels, alone);
            probabilities(output.decoder(), other, p, pixels, together);
            for (String label : manifest.labels()) {
                int own = output.channels().indexOf(label);
                boolean before = alone[own] + (rim < 0 ? 0 : alone[rim]) > threshold;
                boolean after = together[own] + (rim < 0 ? 0 : together[rim]) > threshold;
                changed += before == after ? 0 : 1;
            }
        }
        return changed;
    }

    private static void probabilities(Decoder decoder, float[] logits, int at, int step, double[] into) {
        double sum = 0;
        for (int c = 0; c < into.length; c++) {
            into[c] = Math.exp(logits[at + c * step]);
            sum += into[c];
        }
        for (int c = 0; c < into.length; c++) {
            into[c] = decoder == Decoder.SIGMOID ? into[c] / (1 + into[c]) : into[c] / sum;
        }
    }

    private static long changedWinners(int classes, float[] one, float[] other) {
        int positions = one.length / classes;
        long changed = 0;
        for (int p = 0; p < positions; p++) {
            if (winner(one, p, classes, positions) != winner(other, p, classes, positions)) {
                changed++;
            }
        }
        return changed;
    }

    /** The class with the highest logit; of a single one, whether its logit is above 0, a probability above one half. */
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
