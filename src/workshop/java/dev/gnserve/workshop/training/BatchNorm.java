package dev.gnserve.workshop.training;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * Batch Normalization over NCHW (Ioffe and Szegedy 2015), differentiable. In training it normalizes each channel by the mean and the variance of
 * the batch that it is given, and moves its running statistics a tenth of the way towards them (the variance without bias, as PyTorch's); at
 * inference it uses the running statistics.
 *
 * <p>The running statistics are parameters without a gradient: {@link NetworkWeights} loads and saves them with the others.
 */
final class BatchNorm extends NormLayer {

    /** What a step keeps of the running statistics. PyTorch's momentum is the rest, 0.1. */
    private static final float KEPT = 0.9f;

    private static final String MOMENTUM_LITERAL = "0.1";

    private final Parameter weight;
    private final Parameter bias;
    private final Parameter mean;
    private final Parameter variance;

    BatchNorm(int channels) {
        weight = perChannel(channels, "weight", Parameter.Type.GAMMA, Initializer.ONES);
        bias = perChannel(channels, "bias", Parameter.Type.BETA, Initializer.ZEROS);
        mean = perChannel(channels, "running_mean", Parameter.Type.RUNNING_MEAN, Initializer.ZEROS);
        variance = perChannel(channels, "running_var", Parameter.Type.RUNNING_VAR, Initializer.ONES);
    }

    @Override
    String className() {
        return "BatchNorm";
    }

    @Override
    String key() {
        return "B";
    }

    @Override
    String script(boolean batchStatistics) {
        String statistics = batchStatistics ? "None, None, True" : "self.running_mean, self.running_var, False";
        return "return torch.batch_norm(x, self.weight, self.bias, %s, %s, %s, True)"
                .formatted(statistics, MOMENTUM_LITERAL, EPSILON_LITERAL);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameters, NDList inputs, boolean training, @Nullable PairList<String, Object> options) {
        return ai.djl.nn.norm.BatchNorm.batchNorm(
                inputs.singletonOrThrow(),
                mean.getArray(),
                variance.getArray(),
                weight.getArray(),
                bias.getArray(),
                1,
                KEPT,
                EPSILON,
                training);
    }
}
