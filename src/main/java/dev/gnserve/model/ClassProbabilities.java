package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.PlanarImage;
import java.util.Arrays;

/** Computes the probabilities of pixels from a network's logits. Thread-safe. */
public final class ClassProbabilities {

    /** Pixels per block: their logits and probabilities fit in the first-level cache. */
    private static final int BLOCK = 1024;

    private ClassProbabilities() {}

    /**
     * The probabilities of the output's channels.
     *
     * @param prediction has logits [channels, height, width]
     * @return probabilities [channels, height, width]
     * @throws FailureException ENGINE_FAULT if the logits have another shape, or contain NaN
     */
    public static PlanarImage of(Prediction prediction, OutputSpec spec) {
        int channels = spec.channels().size();
        Tensor logits = spec.logits(prediction);
        if (logits.shape().rank() != 3 || logits.shape().size(0) != channels) {
            throw fault(
                    "The model returned %s, but its model.yaml declares [%d, height, width], one channel for each of %s."
                            .formatted(logits, channels, spec.channels()));
        }
        int pixels = logits.shape().size(1) * logits.shape().size(2);
        float[] probabilities = switch (spec.decoder()) {
            case SOFTMAX -> softmax(logits.floats(), pixels);
            case SIGMOID -> sigmoid(logits.floats());
            case BOXES, TENSORS ->
                throw new IllegalArgumentException(
                        "the decoder " + spec.decoder() + " gives no probabilities of pixels");
        };
        return new PlanarImage(channels, logits.shape().size(1), logits.shape().size(2), probabilities);
    }

    private static float[] softmax(float[] logits, int pixels) {
        float[] probabilities = new float[logits.length];
        float[] most = new float[Math.min(pixels, BLOCK)];
        float[] sums = new float[most.length];
        for (int start = 0; start < pixels; start += BLOCK) {
            softmax(logits, pixels, start, Math.min(BLOCK, pixels - start), most, sums, probabilities);
        }
        return probabilities;
    }

    /** For {@code count} pixels from {@code start} on; {@code most} and {@code sums} are scratch memory. */
    private static void softmax(
            float[] logits, int pixels, int start, int count, float[] most, float[] sums, float[] probabilities) {
        System.arraycopy(logits, start, most, 0, count);
        for (int first = start + pixels; first < logits.length; first += pixels) {
            for (int i = 0; i < count; i++) {
                most[i] = Math.max(most[i], logits[first + i]);
            }
        }
        Arrays.fill(sums, 0);
        for (int first = start; first < logits.length; first += pixels) {
            for (int i = 0; i < count; i++) {
                // Saves the exponential of the largest logit: exponentials take most of the time.
                float power = logits[first + i] == most[i] ? 1 : (float) Math.exp(logits[first + i] - most[i]);
                probabilities[first + i] = power;
                sums[i] += power;
            }
        }
        for (int i = 0; i < count; i++) {
            if (!Float.isFinite(most[i])) {
                throw notANumber();
            }
            sums[i] = 1 / sums[i];
        }
        for (int first = start; first < logits.length; first += pixels) {
            for (int i = 0; i < count; i++) {
                probabilities[first + i] *= sums[i];
            }
        }
    }

    private static float[] sigmoid(float[] logits) {
        float[] probabilities = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            if (Float.isNaN(logits[i])) {
                throw notANumber();
            }
            probabilities[i] = (float) (1 / (1 + Math.exp(-logits[i])));
        }
        return probabilities;
    }

    private static FailureException notANumber() {
        return fault(
                "The model's output contains NaN or infinity for this image, so there is no result. POST the image to"
                        + " /v1/models/{model}/verify to find the faulty layer.");
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
