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

/** A U-Net in the engine, of which a batch of crops gives loss and gradient. Not thread-safe. */
final class TrainableUNet implements Replica<CropBatch> {

    private final UNet network;
    private final NDManager manager;
    private final NetworkWeights weights;

    TrainableUNet(UNetShape shape) {
        network = new UNet(shape);
        manager = NDManager.newBaseManager(Engine.getInstance().getEngineName());
        network.initialize(manager, DataType.FLOAT32, new Shape(1, shape.inputChannels(), 0, 0));
        weights = new NetworkWeights(network);
    }

    UNet network() {
        return network;
    }

    @Override
    public NetworkWeights weights() {
        return weights;
    }

    @Override
    public float lossAndGradient(CropBatch batch, GradientCollector collector, float[] gradient) {
        float loss;
        weights.requireGradient(true);
        try (NDManager step = manager.newSubManager()) {
            NDArray logits = forward(step, batch.planes(), batch.count(), batch.size(), batch.size(), true);
            NDArray value = SegmentationLoss.of(logits, batch, step);
            collector.backward(value);
            loss = value.getFloat();
        }
        weights.takeGradient(gradient);
        weights.requireGradient(false);
        return loss;
    }

    /** Class probabilities [classes, height, width] of one image whose sides are multiples of the network's. */
    float[] probabilities(float[] planes, int height, int width) {
        try (NDManager call = manager.newSubManager()) {
            return forward(call, planes, 1, height, width, false).softmax(1).toFloatArray();
        }
    }

    /** Class probabilities [count, classes, size, size] of the crops of a batch, at inference. */
    float[] probabilities(CropBatch batch) {
        try (NDManager call = manager.newSubManager()) {
            return forward(call, batch.planes(), batch.count(), batch.size(), batch.size(), false)
                    .softmax(1)
                    .toFloatArray();
        }
    }

    float[] logits(float[] planes, int height, int width) {
        try (NDManager call = manager.newSubManager()) {
            return forward(call, planes, 1, height, width, false).toFloatArray();
        }
    }

    @Override
    public ScriptModule script(float[] values, boolean batchStatistics) {
        weights.load(values);
        return UNetScript.of(network, weights.scriptLayers(batchStatistics));
    }

    private NDArray forward(NDManager call, float[] planes, int count, int height, int width, boolean training) {
        NDArray input = call.create(planes, new Shape(count, network.shape().inputChannels(), height, width));
        return network.forward(new ParameterStore(call, false), new NDList(input), training)
                .singletonOrThrow();
    }

    @Override
    public void close() {
        manager.close();
    }
}
