package dev.gnserve.workshop.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * Group Normalization over NCHW or NCDHW (Wu and He 2018, eq. 1 to 3 and 7), differentiable. DJL has no such operator: each group is one row of a
 * layer norm, and gamma and beta are applied per channel after it.
 */
final class GroupNorm extends NormLayer {

    private final int groups;
    private final int channels;
    private final Parameter weight;
    private final Parameter bias;

    GroupNorm(int groups, int channels) {
        if (groups < 1 || channels % groups != 0) {
            throw new IllegalArgumentException(channels + " channels cannot be split into " + groups + " groups");
        }
        this.groups = groups;
        this.channels = channels;
        weight = perChannel(channels, "weight", Parameter.Type.GAMMA, Initializer.ONES);
        bias = perChannel(channels, "bias", Parameter.Type.BETA, Initializer.ZEROS);
    }

    @Override
    String className() {
        return "GroupNorm" + groups;
    }

    @Override
    String key() {
        return Integer.toString(groups);
    }

    @Override
    String script(boolean batchStatistics) {
        return "return torch.group_norm(x, %d, self.weight, self.bias, %s)".formatted(groups, EPSILON_LITERAL);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameters, NDList inputs, boolean training, @Nullable PairList<String, Object> options) {
        NDArray x = inputs.singletonOrThrow();
        Shape shape = x.getShape();
        Shape row = new Shape(shape.size() / shape.get(0) / groups);
        NDArray ones = x.getManager().ones(row, DataType.FLOAT32);
        NDArray zeros = x.getManager().zeros(row, DataType.FLOAT32);
        NDArray rows = x.reshape(shape.get(0) * groups, row.get(0));
        NDArray normalized = LayerNorm.layerNorm(rows, row, ones, zeros, EPSILON)
                .singletonOrThrow()
                .reshape(shape);
        Shape perChannel = new Shape(1, channels).addAll(ConvolutionOf.all(shape.dimension() - 2, 1));
        NDArray gamma = parameters.getValue(weight, x.getDevice(), training).reshape(perChannel);
        NDArray beta = parameters.getValue(bias, x.getDevice(), training).reshape(perChannel);
        return new NDList(normalized.mul(gamma).add(beta));
    }
}
