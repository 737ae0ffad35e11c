package dev.gnserve.verification;

import dev.gnserve.archive.TensorType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorGroup;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs an image in batches of 2, 4, 8, ... with other images, each time at another place, and compares its outputs with those of the
 * image alone. The cost is one inference per image of these batches: 2 for a batch of 2, 14 for batches up to 8. Not thread-safe.
 *
 * <p>The other images are the same image with shifted and scaled values, so that their statistics differ. Group Normalization never
 * mixes images. But matrix products and some convolutions add in another order for another batch size, which changes results by
 * about 1e-7, and by about 1e-2 where they are rounded to bfloat16 layer by layer. A difference above {@link OutputDifference#sound} fails. Before a difference counts against batches, the image runs alone
 * once more: a model that then answers differently is random, and the reason says so.
 */
final class InvarianceCheck {

    private static final String RANDOM =
            "random: answers differ for the same input, so batches cannot be compared. Call eval() on"
                    + " the model before the export; gnserve inspect names dropout in training mode";

    private final Function<List<ModelInput>, List<Prediction>> model;
    private final ModelInput image;
    private final Prediction alone;
    private final int largest;
    private final Decisions decisions;
    private final TensorType type;
    private double difference;
    private long changedDecisions;
    private @Nullable String fault;

    private InvarianceCheck(
            Function<List<ModelInput>, List<Prediction>> model,
            ModelInput image,
            Prediction alone,
            int largest,
            Decisions decisions,
            TensorType type) {
        this.decisions = decisions;
        this.type = type;
        this.model = model;
        this.image = image;
        this.alone = alone;
        this.largest = largest;
    }

    /**
     * @param model runs a batch of images
     * @param image one image, without a batch axis
     * @param alone the model's outputs for a batch with only this image, by name
     * @param decisions compares the decisions of the outputs
     * @param type the coarsest in which the network computes: its rounding is that of the outputs
     */
    static BatchInvariance check(
            Function<List<ModelInput>, List<Prediction>> model,
            ModelInput image,
            Map<String, Tensor> alone,
            int largest,
            Decisions decisions,
            TensorType type) {
        if (alone.isEmpty()) {
            return BatchInvariance.notApplicable(largest, "the model returns no output for one image");
        }
        Map<String, Tensor> own = new LinkedHashMap<>(alone);
        if (!DetectionPair.arePairable(alone)) {
            for (Map.Entry<String, Tensor> output : own.entrySet()) {
                TensorShape shape = output.getValue().shape();
                if (shape.rank() == 0 || shape.size(0) != 1) {
                    return BatchInvariance.notApplicable(
                            largest,
                            "the model's output \"" + output.getKey() + "\" has shape " + shape
                                    + " for one image, so it has no batch axis");
                }
                output.setValue(
                        new FloatTensor(shape.withoutFirst(), output.getValue().floats()));
            }
        }
        return new InvarianceCheck(model, image, new Prediction(own), largest, decisions, type).check();
    }

    private BatchInvariance check() {
        int size = 1;
        while (size < largest) {
            size = Math.min(2 * size, largest);
            int place = size * 5 / 8;
            Prediction together;
            try {
                together = model.apply(batch(size, place)).get(place);
            } catch (FailureException e) {
                return BatchInvariance.notApplicable(
                        largest,
                        "the model does not run a batch of " + size + ": "
                                + e.failure().detail());
            }
            String unequal = compare(together, size);
            if (unequal != null) {
                return BatchInvariance.notApplicable(largest, answersAtRandom() ? RANDOM : unequal);
            }
        }
        if (fault != null && answersAtRandom()) {
            fault = RANDOM;
        }
        return new BatchInvariance(
                largest,
                Math.min(difference, Double.MAX_VALUE),
                difference == 0,
                changedDecisions > 0,
                changedDecisions,
                fault == null ? Verdict.PASS : Verdict.FAIL,
                fault);
    }

    /** Whether the image alone, run again, gets another answer: then the other images of a batch are not the cause. */
    private boolean answersAtRandom() {
        InvarianceCheck again = new InvarianceCheck(model, image, alone, 1, decisions, type);
        String unequal = again.compare(model.apply(List.of(image)).get(0), 1);
        return unequal != null || again.fault != null;
    }

    private @Nullable String compare(Prediction together, int size) {
        if (DetectionPair.arePairable(alone.outputs()) && DetectionPair.arePairable(together.outputs())) {
            compareDetections(together);
        } else {
            for (Map.Entry<String, Tensor> output : alone.outputs().entrySet()) {
                Tensor other = together.outputs().get(output.getKey());
                TensorShape shape = output.getValue().shape();
                if (other == null || !other.shape().equals(shape)) {
                    return "the model's output \"" + output.getKey() + "\" has shape " + shape
                            + " for the image alone and " + (other == null ? "is missing" : other.shape())
                            + " in a batch of " + size;
                }
                OutputDifference found = new OutputDifference(type);
                float[] one = output.getValue().floats();
                found.add(one, 0, other.floats(), 0, one.length);
                judge(output.getKey(), found);
            }
        }
        changedDecisions += decisions.changed(alone, together);
        return null;
    }

    /** A detection that is in only one prediction differs by its score. */
    private void compareDetections(Prediction together) {
        List<DetectionPair> pairs = DetectionPair.of(alone, together);
        int detections = DetectionPair.count(alone);
        for (Map.Entry<String, Tensor> output : alone.outputs().entrySet()) {
            TensorShape shape = output.getValue().shape();
            Tensor other = together.outputs().get(output.getKey());
            if (other == null || shape.rank() == 0 || shape.size(0) != detections) {
                continue;
            }
            int each = shape.elements() / Math.max(1, detections);
            OutputDifference found = new OutputDifference(type);
            float[] one = output.getValue().floats();
            float[] many = other.floats();
            for (DetectionPair pair : pairs) {
                if (pair.isInBoth()) {
                    found.add(one, pair.alone() * each, many, pair.together() * each, each);
                } else if (output.getKey().equals("scores")) {
                    found.add(pair.scoreOf(alone, together));
                }
            }
            judge(output.getKey(), found);
        }
    }

    private void judge(String output, OutputDifference found) {
        difference = Math.max(difference, found.largest());
        if (fault == null && found.largest() > found.sound()) {
            fault = String.format(
                    Locale.ROOT,
                    "the image's output depends on its batch: %s differs by %.3g, allowed is %.3g",
                    output,
                    found.largest(),
                    found.sound());
        }
    }

    /** A batch with the image at one place and other images at the other places. Always the same for the same arguments. */
    private List<ModelInput> batch(int size, int place) {
        List<ModelInput> images = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            if (i == place) {
                images.add(image);
                continue;
            }
            images.add(other(image, i));
        }
        return images;
    }

    private static ModelInput other(ModelInput input, int seed) {
        if (input instanceof TensorGroup group) {
            Map<String, Tensor> tensors = new LinkedHashMap<>(group.tensors());
            tensors.replaceAll((name, tensor) -> tensor instanceof FloatTensor floats ? other(floats, seed) : tensor);
            return new TensorGroup(tensors, group.whole());
        }
        return input instanceof FloatTensor floats ? other(floats, seed) : input;
    }

    private static FloatTensor other(FloatTensor image, int seed) {
        float[] own = image.values();
        Random random = new Random(seed);
        float scale = 0.5f + random.nextFloat();
        int shift = random.nextInt(Math.max(1, own.length));
        float[] values = new float[own.length];
        for (int v = 0; v < own.length; v++) {
            values[v] = scale * own[(v + shift) % own.length];
        }
        return new FloatTensor(image.shape(), values);
    }
}
