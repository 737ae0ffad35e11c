package dev.gnserve.workshop.training;

import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Convolution;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import java.util.Arrays;
import java.util.Collections;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Layers of networks as TorchScript: the same operators, but for the engine's own {@code group_norm}. Modules whose code differs, by their norm or their
 * bias, get different class names.
 */
final class ScriptLayers {

    private final Function<Parameter, float[]> values;
    private final boolean batchStatistics;

    /**
     * Layers with the given weights.
     *
     * @param values of a parameter, row-major
     * @param batchStatistics see {@link NormLayer#script}
     */
    ScriptLayers(Function<Parameter, float[]> values, boolean batchStatistics) {
        this.values = values;
        this.batchStatistics = batchStatistics;
    }

    /** A class name for a module with these norms. */
    static String named(String className, NormLayer... norms) {
        return className + Arrays.stream(norms).map(norm -> "_" + norm.key()).collect(Collectors.joining());
    }

    ScriptModule convNormRelu(String className, ConvNormRelu block, int stride) {
        return ScriptModule.ofClass(named(className, block.norm()))
                .child("conv", convolution("Conv3x3Stride" + stride, block.conv(), stride, 1))
                .child("norm", norm(block.norm()))
                .method(ScriptMethod.forward("return torch.relu((self.norm).forward((self.conv).forward(x, ), ))"))
                .build();
    }

    ScriptModule convolution(String className, Convolution conv, int stride, int padding) {
        boolean bias = conv.getDirectParameters().size() > 1;
        ScriptModule.Builder builder = ScriptModule.ofClass(bias ? className + "Bias" : className);
        for (var entry : conv.getDirectParameters()) {
            boolean isBias = entry.getValue().getType() == Parameter.Type.BIAS;
            parameter(builder, isBias ? "bias" : "weight", entry.getValue());
        }
        int axes = conv.getDirectParameters().valueAt(0).getShape().dimension() - 2;
        return builder.method(ScriptMethod.forward("return torch.conv%dd(x, self.weight, %s, %s, %s, %s, 1)"
                        .formatted(
                                axes,
                                bias ? "self.bias" : "None",
                                all(axes, stride),
                                all(axes, padding),
                                all(axes, 1))))
                .build();
    }

    /** A list with the same number for each axis. */
    static String all(int axes, int value) {
        return Collections.nCopies(axes, value).toString();
    }

    ScriptModule norm(NormLayer norm) {
        ScriptModule.Builder builder = ScriptModule.ofClass(norm.className());
        for (var entry : norm.getDirectParameters()) {
            parameter(builder, entry.getKey(), entry.getValue());
        }
        return builder.method(ScriptMethod.forward(norm.script(batchStatistics)))
                .build();
    }

    private void parameter(ScriptModule.Builder builder, String name, Parameter parameter) {
        long[] shape = parameter.getShape().getShape();
        int[] sizes = new int[shape.length];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = Math.toIntExact(shape[i]);
        }
        builder.parameter(name, values.apply(parameter), sizes);
    }
}
