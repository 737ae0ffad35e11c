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

/** A U-Net over volumes with blobs: one channel in, logits of blobs and of their rims out. Not thread-safe. */
final class TrainableBlobs implements Replica<BlobVolume> {

    private static final int[] ALL_BUT_CHANNELS = {0, 2, 3, 4};

    private final UNet network;
    private final NDManager manager;
    private final NetworkWeights weights;

    TrainableBlobs(UNetShape shape) {
        network = new UNet(shape, 3);
        manager = NDManager.newBaseManager(Engine.getInstance().getEngineName());
        network.initialize(manager, DataType.FLOAT32, new Shape(1, shape.inputChannels(), 0, 0, 0));
        weights = new NetworkWeights(network);
    }

    @Override
    public NetworkWeights weights() {
        return weights;
    }

    @Override
    public float lossAndGradient(BlobVolume volume, GradientCollector collector, float[] gradient) {
        float loss;
        weights.requireGradient(true);
        try (NDManager step = manager.newSubManager()) {
            NDArray logits = forward(step, volume, true);
            NDArray value = loss(logits, step.create(volume.target(), logits.getShape()));
            collector.backward(value);
            loss = value.getFloat();
        }
        weights.takeGradient(gradient);
        weights.requireGradient(false);
        return loss;
    }

    /** Binary cross-entropy plus soft Dice (Milletari et al. 2016), averaged over the channels. */
    private static NDArray loss(NDArray logits, NDArray target) {
        NDArray crossEntropy = logits.maximum(0)
                .sub(logits.mul(target))
                .add(logits.abs().neg().exp().add(1).log())
                .mean();
        NDArray probabilities = logits.getNDArrayInternal().sigmoid();
        NDArray common = probabilities.mul(target).sum(ALL_BUT_CHANNELS);
        NDArray both = probabilities.sum(ALL_BUT_CHANNELS).add(target.sum(ALL_BUT_CHANNELS));
        NDArray dice = common.mul(2).add(1).div(both.add(1)).mean();
        return crossEntropy.add(dice.neg().add(1));
    }

    /** float32 [2, depth, height, width]. */
    float[] probabilities(BlobVolume volume) {
        try (NDManager call = manager.newSubManager()) {
            return forward(call, volume, false).getNDArrayInternal().sigmoid().toFloatArray();
        }
    }

    private NDArray forward(NDManager call, BlobVolume volume, boolean training) {
        Shape shape = new Shape(
                1,
                1,
                volume.shape().get(0),
                volume.shape().get(1),
                volume.shape().get(2));
        NDArray input = call.create(volume.normalized(), shape);
        return network.forward(new ParameterStore(call, false), new NDList(input), training)
                .singletonOrThrow();
    }

    @Override
    public ScriptModule script(float[] values, boolean batchStatistics) {
        weights.load(values);
        return UNetScript.of(network, weights.scriptLayers(batchStatistics));
    }

    @Override
    public void close() {
        manager.close();
    }
}
