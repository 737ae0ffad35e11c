package dev.gnserve.classification;

import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ClassProbabilities;
import dev.gnserve.model.OutputSpec.Decoder;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Turns logits or probabilities into ranked labels. */
final class Ranking {

    private Ranking() {}

    /**
     * The probability of each label, in the model's order.
     *
     * @param output with one logit per label
     * @throws FailureException ENGINE_FAULT for another number of logits, or for NaN
     */
    static double[] scores(Tensor output, List<String> labels, Decoder decoder) {
        float[] logits = output.floats();
        if (logits.length != labels.size()) {
            throw fault("The model returned %s. By its model.yaml, it returns one logit for each of its %d labels, %s."
                    .formatted(output, labels.size(), labels));
        }
        return switch (decoder) {
            case SOFTMAX -> softmax(logits);
            case SIGMOID -> sigmoid(logits);
            case PROBABILITIES -> probabilities(logits);
            default -> throw new IllegalArgumentException(decoder + " does not decode logits of labels");
        };
    }

    /** The labels with their probabilities, best first; equal ones in the model's order. At most {@code top}. */
    static List<LabelScore> of(double[] scores, List<String> labels, int top) {
        return IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer label) -> scores[label])
                        .reversed())
                .limit(top)
                .map(label -> new LabelScore(labels.get(label), Math.round(scores[label] * 1e6) / 1e6))
                .toList();
    }

    private static double[] softmax(float[] logits) {
        double most = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            most = Math.max(most, finite(logit));
        }
        double sum = 0;
        double[] scores = new double[logits.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = Math.exp(logits[i] - most);
            sum += scores[i];
        }
        for (int i = 0; i < scores.length; i++) {
            scores[i] /= sum;
        }
        return scores;
    }

    private static double[] probabilities(float[] values) {
        double[] scores = new double[values.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = ClassProbabilities.probability(values[i]);
        }
        return scores;
    }

    private static double[] sigmoid(float[] logits) {
        double[] scores = new double[logits.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = 1 / (1 + Math.exp(-finite(logits[i])));
        }
        return scores;
    }

    private static float finite(float logit) {
        if (!Float.isFinite(logit)) {
            throw fault("The model's output has " + logit + " for this image. POST the image to"
                    + " /v1/models/{model}/verify to see which layer is wrong.");
        }
        return logit;
    }

    private static FailureException fault(String detail) {
        return Failure.of(FailureCode.ENGINE_FAULT, detail).asException();
    }
}
