package dev.gnserve.workshop.training;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import dev.gnserve.archive.ScriptModule;

/** A classifier in the engine, of which a batch of crops gives loss and gradient. Not thread-safe. */
final class TrainableResNet implements Replica<CellBatch> {

    private final ResNet network;
    private final NDManager manager;
    private final NetworkWeights weights;

    TrainableResNet(ResNetShape shape) {
        network = new ResNet(shape);
        manager = NDManager.newBaseManager(Engine.getInstance().getEngineName());
        network.initialize(manager, DataType.FLOAT32, new Shape(1, shape.inputChannels(), 8, 8));
        weights = new NetworkWeights(network);
    }

    @Override
    public NetworkWeights weights() {
        return weights;
    }

    /** The loss is the mean cross-entropy. */
    @Override
    public float lossAndGradient(CellBatch batch, GradientCollector collector, float[] gradient) {
        float loss;
        weights.requireGradient(true);
        try (NDManager step = manager.newSubManager()) {
            NDArray logits = forward(step, batch, true);
            NDArray oneHot = step.create(batch.oneHot(), logits.getShape());
            NDArray value = logits.logSoftmax(1).mul(oneHot).sum().neg().div(batch.count());
            collector.backward(value);
            loss = value.getFloat();
        }
        weights.takeGradient(gradient);
        weights.requireGradient(false);
        return loss;
    }

    /** Logits [count, classes] at inference. */
    float[] logits(CellBatch batch) {
        try (NDManager call = manager.newSubManager()) {
            return forward(call, batch, false).toFloatArray();
        }
    }

    @Override
    public ScriptModule script(float[] values, boolean batchStatistics) {
        weights.load(values);
        return ResNetScript.of(network, weights.scriptLayers(batchStatistics));
    }

    private NDArray forward(NDManager call, CellBatch batch, boolean training) {
        NDArray input = call.create(
                batch.planes(), new Shape(batch.count(), network.shape().inputChannels(), batch.size(), batch.size()));
        return network.forward(new ParameterStore(call, false), new NDList(input), training)
                .singletonOrThrow();
    }

    @Override
    public void close() {
        manager.close();
    }
}
