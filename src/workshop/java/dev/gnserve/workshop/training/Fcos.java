package dev.gnserve.workshop.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An anchor-free detector (FCOS, Tian et al. 2019) with one {@link Norm}: float32 [N, 3, H, W] to, for every location of three strides, logits of
 * the classes [N, A, K], logarithms of the distances to left, top, right and bottom [N, A, 4], and the logit of centre-ness [N, A, 1].
 *
 * <p>Locations go level by level from the finest, each in rows. A distance is twice the stride where its logarithm is 0; one head serves all levels.
 */
final class Fcos extends AbstractBlock {

    /** Bound of the logarithms, far beyond any box, that keeps the exponential finite. */
    static final float MOST_LOG = 4;

    private static final int TOWER = 2;

    private final FcosShape shape;
    private final List<ConvNormRelu> backbone = new ArrayList<>();
    private final List<Conv2d> lateral = new ArrayList<>();
    private final List<ConvNormRelu> tower = new ArrayList<>();
    private final Conv2d classes;
    private final Conv2d boxes;

    Fcos(FcosShape shape) {
        this.shape = shape;
        backbone.add(addChildBlock("stem", new ConvNormRelu(shape.widths().get(0), shape.norm(), 2)));
        for (int stage = 1; stage < shape.widths().size(); stage++) {
            int width = shape.widths().get(stage);
            backbone.add(addChildBlock("down" + stage, new ConvNormRelu(width, shape.norm(), 2)));
            backbone.add(addChildBlock("stage" + stage, new ConvNormRelu(width, shape.norm())));
        }
        for (int level = 0; level < FcosShape.LEVELS.size(); level++) {
            lateral.add(addChildBlock("lateral" + level, convolution(shape.pyramid(), 1)));
        }
        for (int i = 0; i < TOWER; i++) {
            tower.add(addChildBlock("tower" + i, new ConvNormRelu(shape.pyramid(), shape.norm())));
        }
        classes = addChildBlock("classes", convolution(shape.classes(), 3));
        boxes = addChildBlock("boxes", convolution(5, 3));
    }

    private static Conv2d convolution(int filters, int kernel) {
        return Conv2d.builder()
                .setKernelShape(new Shape(kernel, kernel))
                .setFilters(filters)
                .optPadding(new Shape(kernel / 2, kernel / 2))
                .optBias(true)
                .build();
    }

    FcosShape shape() {
        return shape;
    }

    /** The stem, then two convolutions for each further stride. */
    List<ConvNormRelu> backbone() {
        return List.copyOf(backbone);
    }

    /** From the finest level to the coarsest. */
    List<Conv2d> lateral() {
        return List.copyOf(lateral);
    }

    List<ConvNormRelu> tower() {
        return List.copyOf(tower);
    }

    Conv2d classes() {
        return classes;
    }

    /** Four logarithms of distances and the logit of centre-ness. */
    Conv2d boxes() {
        return boxes;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameters, NDList inputs, boolean training, @Nullable PairList<String, Object> options) {
        List<NDArray> features = new ArrayList<>();
        NDList x = inputs;
        for (int i = 0; i < backbone.size(); i++) {
            x = backbone.get(i).forward(parameters, x, training);
            if (i > 2 && i % 2 == 0) {
                features.add(x.singletonOrThrow());
            }
        }
        NDList classLogits = new NDList();
        NDList distances = new NDList();
        NDArray above = null;
        for (int level = features.size() - 1; level >= 0; level--) {
            NDArray merged = apply(lateral.get(level), features.get(level), parameters, training);
            merged = above == null ? merged : merged.add(doubled(above));
            above = merged;
            NDList head = new NDList(merged);
            for (ConvNormRelu block : tower) {
                head = block.forward(parameters, head, training);
            }
            classLogits.add(0, byLocation(apply(classes, head.singletonOrThrow(), parameters, training)));
            distances.add(0, byLocation(apply(boxes, head.singletonOrThrow(), parameters, training)));
        }
        NDList box = concatenated(distances).split(new long[] {4}, 2);
        return new NDList(concatenated(classLogits), box.get(0).clip(-MOST_LOG, MOST_LOG), box.get(1));
    }

    private static NDArray apply(Conv2d conv, NDArray x, ParameterStore parameters, boolean training) {
        return conv.forward(parameters, new NDList(x), training).singletonOrThrow();
    }

    private static NDArray doubled(NDArray x) {
        Shape s = x.getShape();
        return x.getNDArrayInternal().interpolation(new long[] {s.get(2) * 2, s.get(3) * 2}, 0, false);
    }

    /** [N, C, h, w] to [N, h * w, C]. */
    private static NDArray byLocation(NDArray x) {
        Shape s = x.getShape();
        return x.reshape(s.get(0), s.get(1), s.get(2) * s.get(3)).transpose(0, 2, 1);
    }

    private static NDArray concatenated(NDList levels) {
        return levels.get(0).getNDArrayInternal().concat(levels.subNDList(1), 1);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputShapes) {
        // Channels alone decide the shapes of the parameters; any legal size will do.
        Shape x = new Shape(1, 3, shape.multiple(), shape.multiple());
        for (int i = 0; i < backbone.size(); i++) {
            backbone.get(i).initialize(manager, type, x);
            x = backbone.get(i).getOutputShapes(new Shape[] {x})[0];
            if (i > 2 && i % 2 == 0) {
                lateral.get(i / 2 - 2).initialize(manager, type, x);
            }
        }
        Shape merged = new Shape(1, shape.pyramid(), 1, 1);
        tower.forEach(block -> block.initialize(manager, type, merged));
        classes.initialize(manager, type, merged);
        boxes.initialize(manager, type, merged);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape input = inputShapes[0];
        long locations = FcosShape.locations(Math.toIntExact(input.get(2)), Math.toIntExact(input.get(3)));
        return new Shape[] {
            new Shape(input.get(0), locations, shape.classes()),
            new Shape(input.get(0), locations, 4),
            new Shape(input.get(0), locations, 1)
        };
    }
}
