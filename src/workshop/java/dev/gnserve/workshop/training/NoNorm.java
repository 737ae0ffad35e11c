package dev.gnserve.workshop.training;

import ai.djl.ndarray.NDList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/** Returns its input: a network without normalization. */
final class NoNorm extends NormLayer {

    @Override
    String className() {
        return "NoNorm";
    }

    @Override
    String key() {
        return "N";
    }

    @Override
    String script(boolean batchStatistics) {
        return "return x";
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameters, NDList inputs, boolean training, @Nullable PairList<String, Object> options) {
        return inputs;
    }
}
