package dev.gnserve.verification;

import dev.gnserve.engine.FloatTensor;
import dev.gnserve.engine.Tensor;
import dev.gnserve.engine.TensorShape;
import dev.gnserve.failure.FailureException;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs an image in batches of 2, 4, 8, ... among other images of its shape, each time at another place, and compares its
 * outputs with those that it had alone. Costs as many inferences as the batches have images: 2 for a batch of 2, 14 for
 * batches up to 8.
 *
 * <p>The other images are the image itself with its values shuffled and scaled, which needs nothing but the image and
 * has statistics of its own. Group Normalization never mixes images. Matrix products and a few shapes of convolution
 * choose another order of additions for another batch, which moves results by some 1e-7; more than {@link #RELATIVE} of
 * the largest output is what PyTorch would not accept between memory formats either, and fails.
 */
final class InvarianceCheck {

    private static final double RELATIVE = 1e-4;

    private final Function<FloatTensor, Map<String, Tensor>> model;
    private final FloatTensor image;
    private final Map<String, Tensor> alone;
    private final int largest;
    private final Decisions decisions;
    private double difference;
    private double magnitude;
    private long changedDecisions;

    private InvarianceCheck(
            Function<FloatTensor, Map<String, Tensor>> model,
            FloatTensor image,
            Map<String, Tensor> alone,
            int largest,
            Decisions decisions) {
        this.decisions = decisions;
        this.model = model;
        this.image = image;
        this.alone = alone;
        this.largest = largest;
    }

    /**
     * @param model runs a batch and gives its outputs, batch axis first
     * @param image one image, without a batch axis
     * @param alone what the model gave for this image in a batch of its own
     * @param decisions what of the outputs counts in the final result
     */
    static BatchInvariance check(
            Function<FloatTensor, Map<String, Tensor>> model,
            FloatTensor image,
            Map<String, Tensor> alone,
            int largest,
            Decisions decisions) {
        return new InvarianceCheck(model, image, alone, largest, decisions).check();
    }

    private BatchInvariance check() {
        for (Map.Entry<String, Tensor> output : alone.entrySet()) {
            TensorShape shape = output.getValue().shape();
            if (shape.rank() == 0 || shape.size(0) != 1) {
                return BatchInvariance.notApplicable(
                        largest,
                        "the model's output \"" + output.getKey() + "\" has shape " + shape
                                + " for one image: it has no batch axis");
            }
        }
        int size = 1;
        while (size < largest) {
            size = Math.min(2 * size, largest);
            int place = size * 5 / 8;
            Map<String, Tensor> together;
            try {
                together = model.apply(batch(size, place));
            } catch (FailureException e) {
                return BatchInvariance.notApplicable(
                        largest,
                        "the model does not run a batch of " + size + ": "
                                + e.failure().detail());
            }
            String unequal = compare(together, size, place);
            if (unequal != null) {
                return BatchInvariance.notApplicable(largest, unequal);
            }
        }
        boolean pass = difference <= RELATIVE * Math.max(magnitude, 1e-6);
        return new BatchInvariance(
                largest,
                Math.min(difference, Double.MAX_VALUE),
                difference == 0,
                changedDecisions > 0,
                changedDecisions,
                pass ? Verdict.PASS : Verdict.FAIL,
                pass
                        ? null
                        : String.format(
                                "the image's output depends on its batch: it differs by %.3g where %.3g is sound",
                                difference, RELATIVE * magnitude));
    }

    private @Nullable String compare(Map<String, Tensor> together, int size, int place) {
        for (Map.Entry<String, Tensor> output : alone.entrySet()) {
            Tensor batched = together.get(output.getKey());
            TensorShape shape = output.getValue().shape();
            if (batched == null || !batched.shape().equals(shape.withoutFirst().prepend(size))) {
                return "the model's output \"" + output.getKey() + "\" has shape " + shape + " for one image and "
                        + (batched == null ? "is missing" : batched.shape()) + " for a batch of " + size;
            }
            float[] one = output.getValue().floats();
            float[] many = batched.floats();
            compare(one, many, place * one.length);
        }
        changedDecisions += decisions.changed(alone, together, place);
        return null;
    }

    private void compare(float[] one, float[] many, int offset) {
        for (int i = 0; i < one.length; i++) {
            magnitude = Math.max(magnitude, Math.abs(one[i]));
            if (Float.floatToIntBits(one[i]) != Float.floatToIntBits(many[offset + i])) {
                double apart = Math.abs((double) one[i] - many[offset + i]);
                // 0 and -0 are apart in bits only; NaN against a number is as wrong as can be.
                difference = Math.max(difference, Double.isNaN(apart) ? Double.POSITIVE_INFINITY : apart);
            }
        }
    }

    /** A batch with the image at one place and others elsewhere; the same others for the same place. */
    private FloatTensor batch(int size, int place) {
        float[] own = image.values();
        float[] values = new float[Math.multiplyExact(size, own.length)];
        for (int i = 0; i < size; i++) {
            if (i == place) {
                System.arraycopy(own, 0, values, i * own.length, own.length);
            } else {
                Random random = new Random(i);
                float scale = 0.5f + random.nextFloat();
                int shift = random.nextInt(Math.max(1, own.length));
                for (int v = 0; v < own.length; v++) {
                    values[i * own.length + v] = scale * own[(v + shift) % own.length];
                }
            }
        }
        return new FloatTensor(image.shape().prepend(size), values);
    }
}
