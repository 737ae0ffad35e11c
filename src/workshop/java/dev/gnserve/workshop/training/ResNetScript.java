package dev.gnserve.workshop.training;

import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import java.util.ArrayList;
import java.util.List;

/** A {@link ResNet} as TorchScript: the same operators in the same order, but for the engine's own {@code group_norm}. */
final class ResNetScript {

    private ResNetScript() {}

    /** The module of a network. */
    static ScriptModule of(ResNet network, ScriptLayers layers) {
        ScriptModule.Builder stages = ScriptModule.ofClass("Stages");
        List<String> forward = new ArrayList<>();
        forward.add("x0 = (self.stem).forward(x, )");
        int stage = 0;
        for (ResNet.Residual block : network.blocks()) {
            stages.child(Integer.toString(stage), residual(block, layers));
            forward.add("x%d = (getattr(self.stages, \"%d\")).forward(x%d, )".formatted(stage + 1, stage, stage));
            stage++;
        }
        forward.add("mean = torch.mean(x%d, [2, 3], True)".formatted(stage));
        forward.add("return torch.flatten((self.head).forward(mean, ), 1, -1)");
        return ScriptModule.ofClass("ResNet")
                .child("stem", layers.convNormRelu("Stem", network.stem(), 2))
                .child("stages", stages.build())
                .child("head", layers.convolution("Conv1x1", network.head(), 1, 0))
                .method(ScriptMethod.forward(forward.toArray(String[]::new)))
                .build();
    }

    private static ScriptModule residual(ResNet.Residual block, ScriptLayers layers) {
        int stride = block.stride();
        return ScriptModule.ofClass(ScriptLayers.named("ResidualStride" + stride, block.norm()))
                .child("first", layers.convNormRelu("StageStride" + stride, block.first(), stride))
                .child("second", layers.convolution("Conv3x3Stride1", block.second(), 1, 1))
                .child("norm", layers.norm(block.norm()))
                .child("shortcut", layers.convolution("Conv1x1Stride" + stride, block.shortcut(), stride, 0))
                .child("shortcutNorm", layers.norm(block.shortcutNorm()))
                .method(ScriptMethod.forward(
                        "main = (self.norm).forward((self.second).forward((self.first).forward(x, ), ), )",
                        "side = (self.shortcutNorm).forward((self.shortcut).forward(x, ), )",
                        "return torch.relu(torch.add(main, side))"))
                .build();
    }
}
