package dev.gnserve.workshop.training;

import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv2d;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import java.util.function.Function;

/** Layers of networks as TorchScript: the same operators, but for the engine's own {@code group_norm}. */
final class ScriptLayers {

    private final Function<Parameter, float[]> values;

    /**
     * Layers with the given weights.
     *
     * @param values of a parameter, row-major
     */
    ScriptLayers(Function<Parameter, float[]> values) {
        this.values = values;
    }

    ScriptModule convNormRelu(String className, ConvNormRelu block, int stride) {
        return ScriptModule.ofClass(className)
                .child("conv", convolution("Conv3x3Stride" + stride, block.conv(), stride, 1))
                .child("norm", norm(block.norm()))
                .method(ScriptMethod.forward("return torch.relu((self.norm).forward((self.conv).forward(x, ), ))"))
                .build();
    }

    ScriptModule convolution(String className, Conv2d conv, int stride, int padding) {
        ScriptModule.Builder builder = ScriptModule.ofClass(className);
        boolean bias = false;
        for (var entry : conv.getDirectParameters()) {
            boolean isBias = entry.getValue().getType() == Parameter.Type.BIAS;
            bias |= isBias;
            parameter(builder, isBias ? "bias" : "weight", entry.getValue());
        }
        return builder.method(
                        ScriptMethod.forward("return torch.conv2d(x, self.weight, %s, [%d, %d], [%d, %d], [1, 1], 1)"
                                .formatted(bias ? "self.bias" : "None", stride, stride, padding, padding)))
                .build();
    }

    ScriptModule norm(GroupNorm norm) {
        ScriptModule.Builder builder = ScriptModule.ofClass("GroupNorm");
        for (var entry : norm.getDirectParameters()) {
            parameter(builder, entry.getKey(), entry.getValue());
        }
        return builder.method(ScriptMethod.forward("return torch.group_norm(x, %d, self.weight, self.bias, %s)"
                        .formatted(norm.groups(), GroupNorm.EPSILON_LITERAL)))
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
