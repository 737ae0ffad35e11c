package dev.gnserve.workshop.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A U-Net (Ronneberger et al. 2015) with one {@link Norm}: float32 [N, C, H, W] to logits [N, classes, H, W], or the same
 * with a depth before the height.
 *
 * <p>The encoder halves the resolution by max pooling. Each step of the decoder narrows by a 1x1 convolution <em>before</em> it doubles the
 * resolution (nearest neighbour), so that the wide part of the work stays small, then joins the encoder's features of that resolution.
 */
final class UNet extends AbstractBlock {

    private final UNetShape shape;
    private final int axes;
    private final NormLayer input;
    private final List<Stage> encoder = new ArrayList<>();
    private final List<Convolution> narrow = new ArrayList<>();
    private final List<Stage> decoder = new ArrayList<>();
    private final Convolution head;

    /** Two convolutions at one resolution. */
    record Stage(ConvNormRelu first, ConvNormRelu second) {

        private NDArray forward(ParameterStore parameters, NDArray x, boolean training) {
            NDList hidden = first.forward(parameters, new NDList(x), training);
            return second.forward(parameters, hidden, training).singletonOrThrow();
        }
    }

    UNet(UNetShape shape) {
        this(shape, 2);
    }

    /** @param axes 2 for images, 3 for volumes */
    UNet(UNetShape shape, int axes) {
        this.shape = shape;
        this.axes = axes;
        input = addChildBlock("input", shape.entrance().input().layer(shape.inputChannels()));
        for (int level = 0; level < shape.levels(); level++) {
            Norm first = level == 0 ? shape.entrance().first() : shape.norm();
            encoder.add(addStage("encoder" + level, shape.widths().get(level), first));
        }
        for (int level = shape.levels() - 2; level >= 0; level--) {
            int width = shape.widths().get(level);
            narrow.add(addChildBlock("narrow" + level, pointwise(width)));
            decoder.add(addStage("decoder" + level, width, shape.norm()));
        }
        head = addChildBlock("head", pointwise(shape.classes()));
    }

    private Stage addStage(String name, int width, Norm first) {
        return new Stage(
                addChildBlock(name + "first", new ConvNormRelu(width, first, 1, axes)),
                addChildBlock(name + "second", new ConvNormRelu(width, shape.norm(), 1, axes)));
    }

    private Convolution pointwise(int filters) {
        return ConvolutionOf.axes(axes, 1, filters, 1, true);
    }

    UNetShape shape() {
        return shape;
    }

    /** 2 for images, 3 for volumes. */
    int axes() {
        return axes;
    }

    /** Of the input itself. */
    NormLayer input() {
        return input;
    }

    List<Stage> encoder() {
        return List.copyOf(encoder);
    }

    /** From the lowest resolution up, as {@link #decoder()}. */
    List<Convolution> narrow() {
        return List.copyOf(narrow);
    }

    List<Stage> decoder() {
        return List.copyOf(decoder);
    }

    Convolution head() {
        return head;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameters, NDList inputs, boolean training, @Nullable PairList<String, Object> options) {
        NDArray x = input.forward(parameters, inputs, training).singletonOrThrow();
        List<NDArray> skips = new ArrayList<>();
        for (Stage stage : encoder) {
            if (!skips.isEmpty()) {
                x = halved(x);
            }
            x = stage.forward(parameters, x, training);
            skips.add(x);
        }
        for (int step = 0; step < decoder.size(); step++) {
            NDArray skip = skips.get(decoder.size() - 1 - step);
            NDArray narrowed = narrow.get(step)
                    .forward(parameters, new NDList(x), training)
                    .singletonOrThrow();
            x = decoder.get(step).forward(parameters, upsample(narrowed).concat(skip, 1), training);
        }
        return head.forward(parameters, new NDList(x), training);
    }

    private NDArray halved(NDArray x) {
        Shape two = ConvolutionOf.all(axes, 2);
        Shape none = ConvolutionOf.all(axes, 0);
        return axes == 2 ? Pool.maxPool2d(x, two, two, none, false) : Pool.maxPool3d(x, two, two, none, false);
    }

    private NDArray upsample(NDArray x) {
        long[] doubled = x.getShape().slice(2).getShape().clone();
        Arrays.setAll(doubled, axis -> 2 * doubled[axis]);
        return x.getNDArrayInternal().interpolation(doubled, 0, false);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputShapes) {
        // Channels alone decide the shapes of the parameters; any legal size will do.
        int size = shape.multiple();
        Shape x = sized(shape.inputChannels(), size);
        input.initialize(manager, type, x);
        for (int level = 0; level < shape.levels(); level++) {
            x = initialize(encoder.get(level), manager, type, x);
            if (level < shape.levels() - 1) {
                size /= 2;
                x = sized(x.get(1), size);
            }
        }
        for (int step = 0; step < decoder.size(); step++) {
            narrow.get(step).initialize(manager, type, x);
            long width = narrow.get(step).getOutputShapes(new Shape[] {x})[0].get(1);
            size *= 2;
            x = initialize(decoder.get(step), manager, type, sized(2 * width, size));
        }
        head.initialize(manager, type, x);
    }

    private Shape sized(long channels, int size) {
        return new Shape(1, channels).addAll(ConvolutionOf.all(axes, size));
    }

    private static Shape initialize(Stage stage, NDManager manager, DataType type, Shape input) {
        stage.first().initialize(manager, type, input);
        Shape hidden = stage.first().getOutputShapes(new Shape[] {input})[0];
        stage.second().initialize(manager, type, hidden);
        return stage.second().getOutputShapes(new Shape[] {hidden})[0];
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape input = inputShapes[0];
        return new Shape[] {new Shape(input.get(0), shape.classes()).addAll(input.slice(2))};
    }
}
