package dev.gnserve.workshop.training;

import ai.djl.nn.convolutional.Conv2d;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An {@link Fcos} as TorchScript, with what its output means decoded inside: float32 [N, 3, H, W] to boxes [N, A, 4] (left, top, right, bottom in input
 * pixels) and scores [N, A, K] (geometric mean of the probabilities of class and centre-ness).
 */
final class FcosScript {

    private final Fcos network;
    private final ScriptLayers layers;

    private FcosScript(Fcos network, ScriptLayers layers) {
        this.network = network;
        this.layers = layers;
    }

    /** The module of a network. */
    static ScriptModule of(Fcos network, ScriptLayers layers) {
        return new FcosScript(network, layers).root();
    }

    private ScriptModule root() {
        ScriptModule.Builder root = ScriptModule.ofClass("Fcos")
                .child("backbone", backbone())
                .child("lateral", lateral())
                .child("head", head());
        List<String> forward = new ArrayList<>();
        String x = "x";
        for (int i = 0; i < network.backbone().size(); i++) {
            forward.add("feature%d = (getattr(self.backbone, \"%d\")).forward(%s, )".formatted(i, i, x));
            x = "feature" + i;
        }
        int coarsest = FcosShape.LEVELS.size() - 1;
        for (int level = coarsest; level >= 0; level--) {
            String merged = "(getattr(self.lateral, \"%d\")).forward(feature%d, )".formatted(level, 2 * level + 4);
            if (level < coarsest) {
                merged = "torch.add(%s, torch.upsample_nearest2d(level%d, None, [2.0, 2.0]))"
                        .formatted(merged, level + 1);
            }
            forward.add("level%d = %s".formatted(level, merged));
        }
        List<String> boxes = new ArrayList<>();
        List<String> scores = new ArrayList<>();
        for (int level = 0; level <= coarsest; level++) {
            forward.add("boxes%d, scores%d, = (self.head).forward(level%d, %d.0, )"
                    .formatted(level, level, level, FcosShape.LEVELS.get(level).stride()));
            boxes.add("boxes" + level);
            scores.add("scores" + level);
        }
        forward.add("return (torch.cat([%s], 1), torch.cat([%s], 1))"
                .formatted(String.join(", ", boxes), String.join(", ", scores)));
        return root.method(new ScriptMethod("forward", "x: Tensor", "Tuple[Tensor, Tensor]", forward))
                .build();
    }

    private ScriptModule backbone() {
        ScriptModule.Builder backbone = ScriptModule.ofClass("Backbone");
        for (int i = 0; i < network.backbone().size(); i++) {
            // The stem and the first of each pair halve the resolution.
            boolean halves = i == 0 || i % 2 == 1;
            backbone.child(
                    Integer.toString(i),
                    layers.convNormRelu(
                            halves ? "Down" : "Stage", network.backbone().get(i), halves ? 2 : 1));
        }
        return backbone.build();
    }

    private ScriptModule lateral() {
        ScriptModule.Builder lateral = ScriptModule.ofClass("Lateral");
        for (int level = 0; level < network.lateral().size(); level++) {
            Conv2d conv = network.lateral().get(level);
            lateral.child(Integer.toString(level), layers.convolution("Conv1x1", conv, 1, 0));
        }
        return lateral.build();
    }

    private ScriptModule head() {
        ScriptModule.Builder head = ScriptModule.ofClass("Head");
        List<String> forward = new ArrayList<>();
        for (int i = 0; i < network.tower().size(); i++) {
            head.child("tower" + i, layers.convNormRelu("Stage", network.tower().get(i), 1));
            forward.add("x%d = (self.tower%d).forward(x%s, )".formatted(i, i, i == 0 ? "" : String.valueOf(i - 1)));
        }
        String last = "x" + (network.tower().size() - 1);
        head.child("classes", layers.convolution("Conv3x3", network.classes(), 1, 1));
        head.child("boxes", layers.convolution("Conv3x3", network.boxes(), 1, 1));
        forward.addAll(List.of(
                "probability = torch.sigmoid((self.classes).forward(" + last + ", ))",
                "raw = (self.boxes).forward(" + last + ", )",
                "centre = torch.sigmoid(torch.slice(raw, 1, 4, 5, 1))",
                String.format(
                        Locale.ROOT,
                        "distance = torch.mul(torch.exp(torch.clamp(torch.slice(raw, 1, 0, 4, 1), %.1f, %.1f)), "
                                + "torch.mul(stride, 2.))",
                        -Fcos.MOST_LOG,
                        Fcos.MOST_LOG),
                // Centres of the locations, counted up rather than made by arange, so that they are on the device of
                // the input.
                "ones = torch.ones_like(centre)",
                "x_centre = torch.mul(torch.sub(torch.cumsum(ones, 3), 0.5), stride)",
                "y_centre = torch.mul(torch.sub(torch.cumsum(ones, 2), 0.5), stride)",
                "centres = torch.cat([x_centre, y_centre], 1)",
                "least = torch.sub(centres, torch.slice(distance, 1, 0, 2, 1))",
                "most = torch.add(centres, torch.slice(distance, 1, 2, 4, 1))",
                "box = torch.flatten(torch.cat([least, most], 1), 2, -1)",
                "score = torch.flatten(torch.sqrt(torch.mul(probability, centre)), 2, -1)",
                "return (torch.transpose(box, 1, 2), torch.transpose(score, 1, 2))"));
        return head.method(new ScriptMethod("forward", "x: Tensor, stride: float", "Tuple[Tensor, Tensor]", forward))
                .build();
    }
}
