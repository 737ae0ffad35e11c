package dev.gnserve.workshop.training;

import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A {@link UNet} as TorchScript: the same operators in the same order, but for the engine's own {@code group_norm}. Its norms are found under the paths
 * {@code encoder.0.norm1}, ..., {@code decoder.0.norm2}; {@code decoder.0} is the one of the lowest resolution.
 */
final class UNetScript {

    private final UNet network;
    private final ScriptLayers layers;
    private final int axes;

    private UNetScript(UNet network, ScriptLayers layers) {
        this.network = network;
        this.axes = network.axes();
        this.layers = layers;
    }

    /** The module of a network. */
    static ScriptModule of(UNet network, ScriptLayers layers) {
        return new UNetScript(network, layers).root();
    }

    private ScriptModule root() {
        int levels = network.shape().levels();
        ScriptModule.Builder encoder = ScriptModule.ofClass("Encoder");
        ScriptModule.Builder decoder = ScriptModule.ofClass("Decoder");
        List<String> forward = new ArrayList<>();
        String x = "input";
        forward.add("input = (self.input).forward(x, )");
        for (int level = 0; level < levels; level++) {
            encoder.child(
                    Integer.toString(level),
                    stage("Stage", network.encoder().get(level)).build());
            String input = level == 0
                    ? x
                    : "torch.max_pool%dd(%s, %s, %s, %s, %s, False)".formatted(axes, x, all(2), all(2), all(0), all(1));
            x = "level" + level;
            forward.add("%s = (getattr(self.encoder, \"%d\")).forward(%s, )".formatted(x, level, input));
        }
        for (int step = 0; step < levels - 1; step++) {
            ScriptModule up = stage("UpStage", network.decoder().get(step))
                    .child(
                            "narrow",
                            layers.convolution("Conv1x1", network.narrow().get(step), 1, 0))
                    .method(up())
                    .build();
            decoder.child(Integer.toString(step), up);
            String up0 = "up" + step;
            forward.add("%s = (getattr(self.decoder, \"%d\")).up(%s, level%d, )"
                    .formatted(up0, step, x, levels - 2 - step));
            x = up0;
        }
        forward.add("return (self.head).forward(" + x + ", )");
        return ScriptModule.ofClass("UNet")
                .child("input", layers.norm(network.input()))
                .child("encoder", encoder.build())
                .child("decoder", decoder.build())
                .child("head", layers.convolution("Conv1x1", network.head(), 1, 0))
                .method(ScriptMethod.forward(forward.toArray(String[]::new)))
                .build();
    }

    private ScriptMethod up() {
        return new ScriptMethod(
                "up",
                "x: Tensor, skip: Tensor",
                "Tensor",
                List.of(
                        "narrowed = (self.narrow).forward(x, )",
                        "doubled = torch.upsample_nearest%dd(narrowed, None, [%s])"
                                .formatted(axes, String.join(", ", Collections.nCopies(axes, "2.0"))),
                        "return (self).forward(torch.cat([doubled, skip], 1), )"));
    }

    /** A list with the same number for each axis. */
    private String all(int value) {
        return ScriptLayers.all(axes, value);
    }

    private ScriptModule.Builder stage(String className, UNet.Stage stage) {
        NormLayer norm1 = stage.first().norm();
        NormLayer norm2 = stage.second().norm();
        return ScriptModule.ofClass(ScriptLayers.named(className, norm1, norm2))
                .child("conv1", layers.convolution("Conv3x3", stage.first().conv(), 1, 1))
                .child("norm1", layers.norm(norm1))
                .child("conv2", layers.convolution("Conv3x3", stage.second().conv(), 1, 1))
                .child("norm2", layers.norm(norm2))
                .method(ScriptMethod.forward(
                        "hidden = torch.relu((self.norm1).forward((self.conv1).forward(x, ), ))",
                        "return torch.relu((self.norm2).forward((self.conv2).forward(hidden, ), ))"));
    }
}
