package dev.gnserve.segmentation;

import dev.gnserve.engine.FloatTensor;
import dev.gnserve.engine.Prediction;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.model.OutputSpec;

/** From a network's logits to probabilities, pixel by pixel. */
final class ClassProbabilities {

    private ClassProbabilities() {}

    /**
     * The probabilities of the output's channels.
     *
     * @param prediction its first output is float32 logits [channels, height, width], of any height and width
     * @throws FailureException ENGINE_FAULT if it is not, or holds NaN
     */
    static PlanarImage of(Prediction prediction, OutputSpec spec) {
        int channels = spec.channels().size();
        if (!(prediction.first() instanceof FloatTensor logits)
                || logits.shape().rank() != 3
                || logits.shape().size(0) != channels) {
            throw fault(
                    "The model gave %s, but its model.yaml promises FP32 [%d, height, width], one channel for each of %s."
                            .formatted(prediction.first(), channels, spec.channels()));
        }
        int pixels = logits.shape().size(1) * logits.shape().size(2);
        float[] probabilities = switch (spec.decoder()) {
            case SOFTMAX -> softmax(logits.values(), pixels);
            case SIGMOID -> sigmoid(logits.values());
            case BOXES -> throw new IllegalArgumentException("boxes are no probabilities of pixels");
        };
        return new PlanarImage(channels, logits.shape().size(1), logits.shape().size(2), probabilities);
    }

    private static float[] softmax(float[] logits, int pixels) {
        float[] probabilities = new float[logits.length];
        for (int i = 0; i < pixels; i++) {
            float most = logits[i];
            for (int at = i + pixels; at < logits.length; at += pixels) {
                most = Math.max(most, logits[at]);
            }
            if (!Float.isFinite(most)) {
                throw notANumber();
            }
            float sum = 0;
            for (int at = i; at < logits.length; at += pixels) {
                // The greatest needs no exponential: a third of them with three channels.
                float power = logits[at] == most ? 1 : (float) Math.exp(logits[at] - most);
                probabilities[at] = power;
                sum += power;
            }
            float factor = 1 / sum;
            for (int at = i; at < logits.length; at += pixels) {
                probabilities[at] *= factor;
            }
        }
        return probabilities;
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
                "The model's output holds NaN or infinity for this image: nothing can be made of it. POST the image to"
                        + " /v1/models/{model}/verify to see which layer is wrong.");
    }

    private static FailureException fault(String detail) {
        return Failure.of(FailureCode.ENGINE_FAULT, detail).asException();
    }
}
