package dev.gnserve.workshop.training;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/** A 3x3 or 3x3x3 convolution, a norm, ReLU. The convolution has a bias only where there is no norm, which would have one. */
final class ConvNormRelu extends AbstractBlock {

    private final Convolution conv;
    private final NormLayer norm;

    ConvNormRelu(int outputChannels, Norm norm) {
        this(outputChannels, norm, 1);
    }

    ConvNormRelu(int outputChannels, Norm norm, int stride) {
        this(outputChannels, norm, stride, 2);
    }

    /** @param axes 2 for images, 3 for volumes */
    ConvNormRelu(int outputChannels, Norm norm, int stride, int axes) {
        conv = addChildBlock("conv", ConvolutionOf.axes(axes, 3, outputChannels, stride, norm instanceof Norm.None));
        this.norm = addChildBlock("norm", norm.layer(outputChannels));
    }

    Convolution conv() {
        return conv;
    }

    NormLayer norm() {
        return norm;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameters, NDList inputs, boolean training, @Nullable PairList<String, Object> options) {
        NDList convolved = conv.forward(parameters, inputs, training);
        return Activation.relu(norm.forward(parameters, convolved, training));
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputShapes) {
        conv.initialize(manager, type, inputShapes);
        norm.initialize(manager, type, conv.getOutputShapes(inputShapes));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return conv.getOutputShapes(inputShapes);
    }
}
