package dev.gnserve.workshop.training;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;

/** A layer of a {@link Norm}: float32 [N, C, H, W] to the same shape, differentiable. */
abstract sealed class NormLayer extends AbstractBlock permits GroupNorm, BatchNorm, NoNorm {

    static final float EPSILON = 1e-5f;
    static final String EPSILON_LITERAL = "1e-05";

    /** Adds a parameter of shape [channels]. */
    final Parameter perChannel(int channels, String name, Parameter.Type type, Initializer initializer) {
        return addParameter(Parameter.builder()
                .setName(name)
                .setType(type)
                .optShape(new Shape(channels))
                .optInitializer(initializer)
                .optRequiresGrad(type != Parameter.Type.RUNNING_MEAN && type != Parameter.Type.RUNNING_VAR)
                .build());
    }

    /** Simple name of its class in TorchScript. Layers with equal names have equal code. */
    abstract String className();

    /** Short form of the class name, to name modules that have this layer. */
    abstract String key();

    /**
     * The body of {@code forward} in TorchScript, from {@code x}, with the parameters as attributes of {@code self}.
     *
     * @param batchStatistics whether Batch Normalization uses the statistics of the served batch, as an archive that was exported in training
     *     mode does, in place of its running statistics
     */
    abstract String script(boolean batchStatistics);

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return inputShapes;
    }
}
