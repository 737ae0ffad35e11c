package dev.gnserve.workshop.training;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import dev.gnserve.archive.ScriptModule;
import java.util.Arrays;
import java.util.List;

/** A detector in the engine, of which a batch of crops gives loss and gradient. Not thread-safe. */
final class TrainableFcos implements Replica<BoxBatch> {

    /** Logit of a probability of 1 %: at first nearly every location is background (Lin et al. 2017, section 3.3). */
    private static final float RARE = -4.6f;

    private final Fcos network;
    private final NDManager manager;
    private final NetworkWeights weights;

    TrainableFcos(FcosShape shape) {
        network = new Fcos(shape);
        manager = NDManager.newBaseManager(Engine.getInstance().getEngineName());
        network.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 0, 0));
        weights = new NetworkWeights(network);
    }

    Fcos network() {
        return network;
    }

    @Override
    public NetworkWeights weights() {
        return weights;
    }

    /** He initialization but for the predictions, which begin small, and for the classes, which begin rare. */
    float[] initialWeights(long seed) {
        float[] initial = weights.initial(seed);
        for (Conv2d conv : List.of(network.classes(), network.boxes())) {
            for (Parameter parameter : conv.getDirectParameters().values()) {
                int at = weights.offset(parameter);
                int end = at + (int) parameter.getShape().size();
                boolean bias = parameter.getType() == Parameter.Type.BIAS;
                for (int i = at; i < end; i++) {
                    initial[i] *= 0.2f;
                }
                if (bias && conv == network.classes()) {
                    Arrays.fill(initial, at, end, RARE);
                }
            }
        }
        return initial;
    }

    @Override
    public float lossAndGradient(BoxBatch batch, GradientCollector collector, float[] gradient) {
        float loss;
        weights.requireGradient(true);
        try (NDManager step = manager.newSubManager()) {
            NDList output = forward(step, batch.planes(), batch.count(), batch.size(), batch.size(), true);
            NDArray value = FcosLoss.of(output, batch, scale(step, batch.size(), batch.size()), step);
            collector.backward(value);
            loss = value.getFloat();
        }
        weights.takeGradient(gradient);
        weights.requireGradient(false);
        return loss;
    }

    /** Loss of a batch at the loaded weights. */
    float loss(BoxBatch batch) {
        try (NDManager step = manager.newSubManager()) {
            NDList output = forward(step, batch.planes(), batch.count(), batch.size(), batch.size(), false);
            return FcosLoss.of(output, batch, scale(step, batch.size(), batch.size()), step)
                    .getFloat();
        }
    }

    private static NDArray scale(NDManager manager, int height, int width) {
        float[] scale = new float[FcosShape.locations(height, width)];
        int at = 0;
        for (FcosShape.Level level : FcosShape.LEVELS) {
            int end = at + (height / level.stride()) * (width / level.stride());
            Arrays.fill(scale, at, end, 2f * level.stride());
            at = end;
        }
        return manager.create(scale, new Shape(1, scale.length, 1));
    }

    /** What the network says of one image [3, height, width] whose sides are multiples of the network's. */
    DenseOutput output(float[] planes, int height, int width) {
        try (NDManager call = manager.newSubManager()) {
            NDList output = forward(call, planes, 1, height, width, false);
            return new DenseOutput(
                    height,
                    width,
                    output.get(0).toFloatArray(),
                    output.get(1).toFloatArray(),
                    output.get(2).toFloatArray());
        }
    }

    @Override
    public ScriptModule script(float[] values, boolean batchStatistics) {
        weights.load(values);
        return FcosScript.of(network, weights.scriptLayers(batchStatistics));
    }

    private NDList forward(NDManager call, float[] planes, int count, int height, int width, boolean training) {
        NDArray input = call.create(planes, new Shape(count, 3, height, width));
        return network.forward(new ParameterStore(call, false), new NDList(input), training);
    }

    @Override
    public void close() {
        manager.close();
    }
}
