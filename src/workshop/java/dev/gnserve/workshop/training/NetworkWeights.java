package dev.gnserve.workshop.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** The parameters of an initialized network, seen as one flat array in the order of its blocks. Not thread-safe. */
final class NetworkWeights {

    private final List<Parameter> parameters;

    NetworkWeights(Block network) {
        parameters = network.getParameters().values();
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

    /** He initialization of convolutions (He et al. 2015), one for gamma and variances, zero for biases and means. */
    float[] initial(long seed) {
        RandomGenerator random = new SplittableRandom(seed);
        float[] weights = new float[size()];
        int at = 0;
        for (Parameter parameter : parameters) {
            Shape shape = parameter.getShape();
            double deviation =
                    shape.dimension() >= 4 ? Math.sqrt(2.0 / shape.slice(1).size()) : 0;
            boolean one =
                    parameter.getType() == Parameter.Type.GAMMA || parameter.getType() == Parameter.Type.RUNNING_VAR;
            float constant = one ? 1 : 0;
            for (long i = 0; i < shape.size(); i++) {
                weights[at++] = constant + (float) (deviation * random.nextGaussian());
            }
        }
        return weights;
    }

    /** Where a parameter begins in the flat array. */
    int offset(Parameter parameter) {
        int at = 0;
        for (Parameter before : parameters) {
            if (before == parameter) {
                return at;
            }
            at += (int) before.getShape().size();
        }
        throw new IllegalArgumentException(parameter.getName() + " is no parameter of this network");
    }

    void load(float[] weights) {
        int at = 0;
        for (Parameter parameter : parameters) {
            int length = (int) parameter.getShape().size();
            parameter.getArray().set(Arrays.copyOfRange(weights, at, at + length));
            at += length;
        }
    }

    void requireGradient(boolean required) {
        parameters.stream()
                .filter(Parameter::requiresGradient)
                .forEach(parameter -> parameter.getArray().setRequiresGradient(required));
    }

    /** Whether there are running statistics, which a step changes beside the gradient. */
    boolean haveStatistics() {
        return parameters.stream().anyMatch(parameter -> !parameter.requiresGradient());
    }

    /** Copies the running statistics out of the engine into the flat array; the rest of it stays. */
    void takeStatistics(float[] weights) {
        int at = 0;
        for (Parameter parameter : parameters) {
            int length = (int) parameter.getShape().size();
            if (!parameter.requiresGradient()) {
                System.arraycopy(parameter.getArray().toFloatArray(), 0, weights, at, length);
            }
            at += length;
        }
    }

    /** Writes the layers of the network with the loaded weights. */
    ScriptLayers scriptLayers(boolean batchStatistics) {
        return new ScriptLayers(parameter -> parameter.getArray().toFloatArray(), batchStatistics);
    }

    /** Copies the gradient out of the engine and sets it to zero there, where it would add up. That of running statistics is zero. */
    void takeGradient(float[] gradient) {
        int at = 0;
        for (Parameter parameter : parameters) {
            if (!parameter.requiresGradient()) {
                int length = (int) parameter.getShape().size();
                Arrays.fill(gradient, at, at + length, 0);
                at += length;
                continue;
            }
            try (NDArray slope = parameter.getArray().getGradient()) {
                float[] values = slope.toFloatArray();
                System.arraycopy(values, 0, gradient, at, values.length);
                at += values.length;
                slope.subi(slope);
            }
        }
    }
}
