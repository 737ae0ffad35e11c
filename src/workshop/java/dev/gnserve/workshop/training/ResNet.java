package dev.gnserve.workshop.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A small residual network (He et al. 2016): float32 [N, C, H, W] to logits [N, classes]. A convolution that halves the resolution, then one block of
 * two convolutions for each stage; a stage begins with a stride of 2, except for the first, and its shortcut is a 1x1 convolution with a norm.
 */
final class ResNet extends AbstractBlock {

    private final ResNetShape shape;
    private final ConvNormRelu stem;
    private final List<Residual> blocks = new ArrayList<>();
    private final Conv2d head;

    /**
     * Two convolutions beside a shortcut.
     *
     * @param stride of the first convolution and of the shortcut
     */
    record Residual(
            ConvNormRelu first, Conv2d second, NormLayer norm, Conv2d shortcut, NormLayer shortcutNorm, int stride) {

        private NDArray forward(ParameterStore parameters, NDArray x, boolean training) {
            NDList input = new NDList(x);
            NDList hidden = first.forward(parameters, input, training);
            NDList main = norm.forward(parameters, second.forward(parameters, hidden, training), training);
            NDList side = shortcutNorm.forward(parameters, shortcut.forward(parameters, input, training), training);
            return Activation.relu(main.singletonOrThrow().add(side.singletonOrThrow()));
        }
    }

    ResNet(ResNetShape shape) {
        this.shape = shape;
        Norm norm = shape.norm();
        stem = addChildBlock("stem", new ConvNormRelu(shape.widths().get(0), norm, 2));
        for (int stage = 0; stage < shape.widths().size(); stage++) {
            int width = shape.widths().get(stage);
            int stride = stage == 0 ? 1 : 2;
            boolean bias = norm instanceof Norm.None;
            blocks.add(new Residual(
                    addChildBlock("first" + stage, new ConvNormRelu(width, norm, stride)),
                    addChildBlock("second" + stage, convolution(width, 3, 1, bias)),
                    addChildBlock("norm" + stage, norm.layer(width)),
                    addChildBlock("shortcut" + stage, convolution(width, 1, stride, bias)),
                    addChildBlock("shortcutNorm" + stage, norm.layer(width)),
                    stride));
        }
        head = addChildBlock("head", convolution(shape.classes(), 1, 1, true));
    }

    private static Conv2d convolution(int filters, int kernel, int stride, boolean bias) {
        return Conv2d.builder()
                .setKernelShape(new Shape(kernel, kernel))
                .setFilters(filters)
                .optPadding(new Shape(kernel / 2, kernel / 2))
                .optStride(new Shape(stride, stride))
                .optBias(bias)
                .build();
    }

    ResNetShape shape() {
        return shape;
    }

    ConvNormRelu stem() {
        return stem;
    }

    List<Residual> blocks() {
        return List.copyOf(blocks);
    }

    /** A 1x1 convolution of the mean of all pixels. */
    Conv2d head() {
        return head;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameters, NDList inputs, boolean training, @Nullable PairList<String, Object> options) {
        NDArray x = stem.forward(parameters, inputs, training).singletonOrThrow();
        for (Residual block : blocks) {
            x = block.forward(parameters, x, training);
        }
        Shape s = x.getShape();
        NDArray mean = x.reshape(s.get(0), s.get(1), s.get(2) * s.get(3)).mean(new int[] {2}, true);
        NDArray logits = head.forward(parameters, new NDList(mean.reshape(s.get(0), s.get(1), 1, 1)), training)
                .singletonOrThrow();
        return new NDList(logits.reshape(s.get(0), shape.classes()));
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputShapes) {
        // Channels alone decide the shapes of the parameters; any size will do.
        stem.initialize(manager, type, new Shape(1, shape.inputChannels(), 8, 8));
        Shape x = new Shape(1, shape.widths().get(0), 8, 8);
        for (Residual block : blocks) {
            block.first().initialize(manager, type, x);
            block.shortcut().initialize(manager, type, x);
            x = block.first().getOutputShapes(new Shape[] {x})[0];
            block.second().initialize(manager, type, x);
            block.norm().initialize(manager, type, x);
            block.shortcutNorm().initialize(manager, type, x);
        }
        head.initialize(manager, type, x);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {new Shape(inputShapes[0].get(0), shape.classes())};
    }
}
