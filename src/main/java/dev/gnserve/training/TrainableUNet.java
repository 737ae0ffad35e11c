package dev.gnserve.training;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import dev.gnserve.torchscript.ScriptModule;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** A U-Net in the engine, seen as one flat array of weights, of which a batch of crops gives loss and gradient. Not thread-safe. */
final class TrainableUNet implements AutoCloseable {

    private final UNet network;
    private final NDManager manager;
    private final List<Parameter> parameters;

    TrainableUNet(UNetShape shape) {
        network = new UNet(shape);
        manager = NDManager.newBaseManager(Engine.getInstance().getEngineName());
        network.initialize(manager, DataType.FLOAT32, new Shape(1, shape.inputChannels(), 0, 0));
        parameters = network.getParameters().values();
    }

    private void setRequiresGradient(boolean required) {
        parameters.forEach(parameter -> parameter.getArray().setRequiresGradient(required));
    }

    UNet network() {
        return network;
    }

    int size() {
        return parameters.stream()
                .mapToInt(parameter -> (int) parameter.getShape().size())
                .sum();
    }

    /** True for the weights of convolutions, false for biases and norms. */
    boolean[] decays() {
        boolean[] decays = new boolean[size()];
        int at = 0;
        for (Parameter parameter : parameters) {
            int length = (int) parameter.getShape().size();
            Arrays.fill(decays, at, at + length, parameter.getType() == Parameter.Type.WEIGHT);
            at += length;
        }
        return decays;
    }

    /** He initialization of convolutions (He et al. 2015), one for gamma, zero for biases. */
    float[] initialWeights(long seed) {
        RandomGenerator random = new SplittableRandom(seed);
        float[] weights = new float[size()];
        int at = 0;
        for (Parameter parameter : parameters) {
            Shape shape = parameter.getShape();
            double deviation =
                    shape.dimension() == 4 ? Math.sqrt(2.0 / shape.slice(1).size()) : 0;
            float constant = parameter.getType() == Parameter.Type.GAMMA ? 1 : 0;
            for (long i = 0; i < shape.size(); i++) {
                weights[at++] = constant + (float) (deviation * random.nextGaussian());
            }
        }
        return weights;
    }

    void load(float[] weights) {
        int at = 0;
        for (Parameter parameter : parameters) {
            int length = (int) parameter.getShape().size();
            parameter.getArray().set(Arrays.copyOfRange(weights, at, at + length));
            at += length;
        }
    }

    /** Loss of a batch at the loaded weights; its gradient is written to {@code gradient}. */
    float lossAndGradient(CropBatch batch, GradientCollector collector, float[] gradient) {
        float loss;
        setRequiresGradient(true);
        try (NDManager step = manager.newSubManager()) {
            NDArray logits = forward(step, batch.planes(), batch.count(), batch.size(), batch.size());
            NDArray value = SegmentationLoss.of(logits, batch, step);
            collector.backward(value);
            loss = value.getFloat();
        }
        int at = 0;
        for (Parameter parameter : parameters) {
            try (NDArray slope = parameter.getArray().getGradient()) {
                float[] values = slope.toFloatArray();
                System.arraycopy(values, 0, gradient, at, values.length);
                at += values.length;
                slope.subi(slope);
            }
        }
        setRequiresGradient(false);
        return loss;
    }

    /** Class probabilities [classes, height, width] of one image whose sides are multiples of the network's. */
    float[] probabilities(float[] planes, int height, int width) {
        try (NDManager call = manager.newSubManager()) {
            return forward(call, planes, 1, height, width).softmax(1).toFloatArray();
        }
    }

    float[] logits(float[] planes, int height, int width) {
        try (NDManager call = manager.newSubManager()) {
            return forward(call, planes, 1, height, width).toFloatArray();
        }
    }

    /** The network as TorchScript, with the given weights. */
    ScriptModule script(float[] weights) {
        load(weights);
        return UNetScript.of(network, parameter -> parameter.getArray().toFloatArray());
    }

    private NDArray forward(NDManager call, float[] planes, int count, int height, int width) {
        NDArray input = call.create(planes, new Shape(count, network.shape().inputChannels(), height, width));
        return network.forward(new ParameterStore(call, false), new NDList(input), false)
                .singletonOrThrow();
    }

    @Override
    public void close() {
        manager.close();
    }
}
