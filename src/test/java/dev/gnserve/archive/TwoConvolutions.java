package dev.gnserve.archive;

import java.io.IOException;
import java.util.Arrays;
import java.util.Random;

/** A small network that takes [N, 3, H, W]. */
public final class TwoConvolutions {

    private TwoConvolutions() {}

    /** Two convolutions, each with a Group Normalization; a constant is added before the second one. */
    public static TorchScriptArchive network(double added) throws IOException {
        return Rewrites.written(ScriptModule.ofClass("Model")
                .child("stem", convolution(3, 8, 1))
                .child("first", norm())
                .child("body", convolution(8, 8, 2))
                .child("second", norm())
                .method(ScriptMethod.forward(
                        "a = (self.first).forward((self.stem).forward(x, ), )",
                        "b = (self.body).forward(torch.relu(a), )",
                        "return (self.second).forward(torch.add(b, " + added + "), )"))
                .build());
    }

    private static ScriptModule convolution(int in, int out, int seed) {
        Random random = new Random(seed);
        float[] weight = new float[out * in * 9];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = (float) random.nextGaussian();
        }
        return ScriptModule.ofClass("Conv2d")
                .parameter("weight", weight, out, in, 3, 3)
                .method(ScriptMethod.forward("return torch.conv2d(x, self.weight, None, [1, 1], [1, 1], [1, 1], 1)"))
                .build();
    }

    private static ScriptModule norm() {
        float[] ones = new float[8];
        Arrays.fill(ones, 1);
        return ScriptModule.ofClass("GroupNorm")
                .parameter("weight", ones, 8)
                .parameter("bias", new float[8], 8)
                .constant("num_groups", 2)
                .constant("eps", 1e-5)
                .method(ScriptMethod.forward("return torch.group_norm(x, 2, self.weight, self.bias, 1e-05)"))
                .build();
    }
}
