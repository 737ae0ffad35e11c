package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The outputs of SOLOv2 for one input.
 *
 * @param scores for each level 0 to 1, [labels, S, S]
 * @param kernels for each level [D, S, S]
 * @param features [D, h, w]
 */
record SoloOutputs(List<Tensor> scores, List<Tensor> kernels, Tensor features) {

    SoloOutputs {
        scores = List.copyOf(scores);
        kernels = List.copyOf(kernels);
    }

    /** Null if the outputs are others: they are scores of all levels, kernels of all levels, features, in this order. */
    static @Nullable SoloOutputs find(Prediction prediction) {
        List<Tensor> outputs = List.copyOf(prediction.outputs().values());
        int levels = (outputs.size() - 1) / 2;
        boolean numbered = prediction.outputs().keySet().stream().allMatch(name -> name.matches("output\\d*"));
        if (!numbered || levels < 1 || outputs.size() != 2 * levels + 1) {
            return null;
        }
        SoloOutputs found = new SoloOutputs(
                new ArrayList<>(outputs.subList(0, levels)),
                new ArrayList<>(outputs.subList(levels, 2 * levels)),
                outputs.get(2 * levels));
        return found.fits() ? found : null;
    }

    /** @throws dev.gnserve.failure.FailureException ENGINE_FAULT if the outputs are others */
    static SoloOutputs of(Prediction prediction, int labels) {
        SoloOutputs found = find(prediction);
        if (found == null || found.labels() != labels) {
            throw HeadGrid.fault(
                    "The model returned %s, but its model.yaml declares the outputs of SOLOv2 for %d labels: category scores [%d, S, S] from 0 to 1 of each level, kernels [D, S, S] of each level, and mask features [D, h, w]."
                            .formatted(
                                    prediction.outputs().values().stream()
                                            .map(Object::toString)
                                            .collect(Collectors.joining(", ")),
                                    labels,
                                    labels));
        }
        return found;
    }

    int labels() {
        return scores.get(0).shape().size(0);
    }

    private boolean fits() {
        if (features.shape().rank() != 3 || features.shape().elements() == 0) {
            return false;
        }
        for (int level = 0; level < scores.size(); level++) {
            Tensor score = scores.get(level);
            Tensor kernel = kernels.get(level);
            boolean pair = score.shape().rank() == 3
                    && kernel.shape().rank() == 3
                    && score.shape().elements() > 0
                    && score.shape().size(0) == labels()
                    && score.shape().size(1) == score.shape().size(2)
                    && kernel.shape().size(1) == score.shape().size(1)
                    && kernel.shape().size(2) == score.shape().size(2)
                    && kernel.shape().size(0) == features.shape().size(0);
            if (!pair) {
                return false;
            }
        }
        OutputFacts facts = OutputFacts.of(scores);
        return facts.finite() && facts.isFraction();
    }
}
