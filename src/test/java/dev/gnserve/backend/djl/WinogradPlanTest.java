package dev.gnserve.backend.djl;

import static dev.gnserve.backend.djl.ConvolutionNetworks.gaussian;
import static dev.gnserve.backend.djl.ConvolutionNetworks.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.OutputDifference;
import dev.gnserve.backend.TensorShape;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Convolutions that are large enough for Winograd's algorithm, against the definition in float64. */
class WinogradPlanTest {

    private static final int CHANNELS = 64;
    private static final int SIDE = 37;

    private static ConvolutionNetworks networks;

    @BeforeAll
    static void startEngine() {
        networks = new ConvolutionNetworks(CHANNELS, SIDE);
    }

    @AfterAll
    static void closeEngine() {
        networks.close();
    }

    /** A 3 x 3 convolution with stride 1 and padding 1. */
    private static float[] defined(float[] input) {
        float[] output = new float[CHANNELS * SIDE * SIDE];
        for (int out = 0; out < CHANNELS; out++) {
            for (int y = 0; y < SIDE; y++) {
                for (int x = 0; x < SIDE; x++) {
                    output[(out * SIDE + y) * SIDE + x] = (float) pixel(input, out, y, x);
                }
            }
        }
        return output;
    }

    private static double pixel(float[] input, int out, int y, int x) {
        double sum = networks.bias[out];
        for (int in = 0; in < CHANNELS; in++) {
            for (int i = Math.max(0, 1 - y); i < Math.min(3, SIDE + 1 - y); i++) {
                for (int j = Math.max(0, 1 - x); j < Math.min(3, SIDE + 1 - x); j++) {
                    sum += (double) input[(in * SIDE + y + i - 1) * SIDE + x + j - 1]
                            * networks.weight[((out * CHANNELS + in) * 3 + i) * 3 + j];
                }
            }
        }
        return sum;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1])",
                "torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1], [1, 1], 1, )",
                "torch.convolution(x, self.weight, self.bias, [1, 1], [1, 1], [1, 1], False, [0, 0], 1)",
                "torch._convolution(x, self.weight, self.bias, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, False, False, True, True)"
            })
    void aLargeConvolutionIsThatOfTheDefinition(String line) throws IOException {
        FloatTensor image = networks.image(3);
        try (PyTorchModel model = networks.load(line, ExecutionPlan.WINOGRAD)) {
            assertThat(OutputDifference.relative(defined(image.values()), run(model, image)))
                    .isLessThan(1e-5);
        }
    }

    @Test
    void anImageHasTheSameBitsInABatch() throws IOException {
        String line = "torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1])";
        try (PyTorchModel model = networks.load(line, ExecutionPlan.WINOGRAD)) {
            assertThat(run(model, networks.image(3), networks.image(4), networks.image(5)))
                    .containsExactly(run(model, networks.image(3)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 9, 64, 130})
    void everySizeIsThatOfTheEngine(int side) throws IOException {
        String line = "torch.conv2d(x, self.weight, None, [1, 1], [1, 1])";
        FloatTensor image =
                new FloatTensor(TensorShape.of(CHANNELS, side, side + 3), gaussian(6, CHANNELS * side * (side + 3)));
        try (PyTorchModel exported = networks.load(line, ExecutionPlan.AS_EXPORTED);
                PyTorchModel model = networks.load(line, ExecutionPlan.WINOGRAD)) {
            assertThat(OutputDifference.relative(run(exported, image), run(model, image)))
                    .isLessThan(1e-5);
        }
    }

    @Test
    void methodsThatPassTheWeightOnAreFollowed() throws IOException {
        ScriptModule module = networks.module(List.of(
                new ScriptMethod(
                        "_conv_forward",
                        "x: Tensor, weight: Tensor, bias: Optional[Tensor]",
                        "Tensor",
                        List.of("_0 = torch.conv2d(x, weight, bias, [1, 1], [1, 1], [1, 1], 1)", "return _0")),
                ScriptMethod.forward("_0 = (self)._conv_forward(x, self.weight, self.bias, )", "return _0")));
        FloatTensor image = networks.image(3);
        try (PyTorchModel model = networks.load(module, ExecutionPlan.WINOGRAD)) {
            assertThat(OutputDifference.relative(defined(image.values()), run(model, image)))
                    .isLessThan(1e-5);
        }
    }

    /** Strides, padding, dilation, groups and words that Winograd's algorithm does not take, beside one that it takes. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1], )",
                "torch.conv2d(x, self.other, self.bias, )",
                "torch.conv2d(x, self.other, self.bias, [2, 2], [1, 1])",
                "torch.conv2d(x, self.other, None, [1, 1], [2, 2], [2, 2])",
                "torch.conv2d(x, self.other, self.bias, [1, 1], \"same\")",
                "torch.conv2d(x, self.other, bias=self.bias, padding=[1, 1])",
                "torch.conv2d(x, torch.neg(self.other), self.bias, [1, 1], [1, 1])",
                "torch.conv2d(torch.slice(x, 1, 0, 32), torch.slice(self.other, 1, 0, 32), None, [1, 1], [1, 1])",
                "torch._convolution(x, self.other, self.bias, [2, 2], [1, 1], [1, 1], True, [1, 1], 1, False, False, True, True)",
                "torch.to(torch.conv2d(torch.to(x, 7), torch.to(self.other, 7), None, [1, 1], [1, 1]), 6)"
            })
    void otherConvolutionsAreThoseOfTheEngine(String line) throws IOException {
        ScriptModule module = networks.module(List.of(ScriptMethod.forward(
                "y = torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1])", "return torch.mean(" + line + ") + y")));
        FloatTensor image = networks.image(3);
        try (PyTorchModel exported = networks.load(module, ExecutionPlan.AS_EXPORTED);
                PyTorchModel model = networks.load(module, ExecutionPlan.WINOGRAD)) {
            assertThat(OutputDifference.relative(run(exported, image), run(model, image)))
                    .isLessThan(1e-5);
        }
    }

    /** A transformed weight is none that anything else could use. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "y + torch.mean(self.weight)",
                "y + torch.size(self.weight, 2)",
                "torch.conv2d(y, self.weight, None, [2, 2], [1, 1])",
                "torch.conv2d(y, torch.neg(self.weight), None, [1, 1], [1, 1])",
                "y + torch.mean((self).weight)",
                "y + torch.mean(self.weight.T)",
                "y + self.weight.mean()",
                "y + torch.mean(self . weight)",
                "y + torch.mean(self . weight.T)",
                "y + torch.mean(getattr(self, \"\\167eight\"))",
                "y + torch.mean(self.child.weight)",
                "y + torch.to(torch.eq(self.weight == self.weight, True), 6)",
                "y + torch.mean(getattr(self, \"weight\"))",
                "y + torch.mean(torch.cat([self.weight, self.weight]))"
            })
    void aWeightThatIsUsedOtherwiseStays(String line) {
        ScriptModule module = networks.module(List.of(
                ScriptMethod.forward("y = torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1])", "return " + line)));

        assertThatThrownBy(() -> networks.load(module, ExecutionPlan.WINOGRAD))
                .hasMessageContaining("it has no convolution of 3 x 3 pixels, stride 1");
    }

    @Test
    void anAttributeThatBecomesTheWeightIsNoLocalName() {
        ScriptModule module = networks.module(List.of(ScriptMethod.forward(
                "self.other = self.weight",
                "y = torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1])",
                "return y + torch.mean(self.other)")));

        assertThatThrownBy(() -> networks.load(module, ExecutionPlan.WINOGRAD))
                .hasMessageContaining("it has no convolution of 3 x 3 pixels, stride 1");
    }

    @Test
    void aParameterThatBecomesTheWeightIsNoLocalName() {
        ScriptModule module = networks.module(List.of(ScriptMethod.forward(
                "y = torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1])",
                "x = self.weight",
                "return y + torch.mean(x)")));

        assertThatThrownBy(() -> networks.load(module, ExecutionPlan.WINOGRAD))
                .hasMessageContaining("it has no convolution of 3 x 3 pixels, stride 1");
    }

    /** As torch.export's programs reach what is in a list of modules. */
    @Test
    void aWeightBehindGetattrIsFollowed() throws IOException {
        ScriptModule.Builder model = ScriptModule.ofClass("Model")
                .child(
                        "list",
                        ScriptModule.ofClass("List")
                                .child(
                                        "0",
                                        ScriptModule.ofClass("Convolution")
                                                .parameter("weight", networks.weight, CHANNELS, CHANNELS, 3, 3)
                                                .parameter("bias", networks.bias, CHANNELS)
                                                .build())
                                .build());
        model.method(
                ScriptMethod.forward(
                        "return torch.conv2d(x, getattr(self.list, \"0\").weight, getattr(self.list, \"0\").bias, [1, 1], [1, 1])"));
        FloatTensor image = networks.image(3);
        try (PyTorchModel planned = networks.load(model.build(), ExecutionPlan.WINOGRAD)) {
            assertThat(OutputDifference.relative(defined(image.values()), run(planned, image)))
                    .isLessThan(1e-5);
        }
    }

    @Test
    void aMethodThatUsesThePassedWeightOtherwiseIsSeen() {
        ScriptModule module = networks.module(List.of(
                new ScriptMethod(
                        "standardized",
                        "weight: Tensor",
                        "Tensor",
                        List.of("return torch.sub(weight, torch.mean(weight))")),
                ScriptMethod.forward(
                        "y = torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1])",
                        "_0 = (self).standardized(self.weight, )",
                        "return torch.conv2d(y, _0, self.bias, [1, 1], [1, 1])")));

        assertThatThrownBy(() -> networks.load(module, ExecutionPlan.WINOGRAD))
                .hasMessageContaining("it has no convolution of 3 x 3 pixels, stride 1");
    }

    /** {@code torch.view} needs a contiguous weight: code may rely on the format of a weight that is not for convolutions only. */
    @ParameterizedTest
    @EnumSource(names = {"CHANNELS_LAST", "BFLOAT16", "WINOGRAD"})
    void aWeightThatIsUsedOtherwiseKeepsItsFormat(ExecutionPlan plan) throws IOException {
        ScriptModule module = networks.module(List.of(ScriptMethod.forward(
                "rows = torch.view(self.other, [64, -1])",
                "standardized = torch.view(torch.sub(rows, torch.mean(rows, [1], True)), [64, 64, 3, 3])",
                "y = torch.conv2d(x, standardized, self.bias, [1, 1], [1, 1])",
                "y = torch.add(y, torch.conv2d(x, self.other, None, [1, 1], [1, 1]))",
                "return torch.conv2d(y, self.weight, None, [1, 1], [1, 1])")));
        FloatTensor image = networks.image(3);
        try (PyTorchModel exported = networks.load(module, ExecutionPlan.AS_EXPORTED);
                PyTorchModel model = networks.load(module, plan)) {
            assertThat(OutputDifference.relative(run(exported, image), run(model, image)))
                    .isLessThan(plan == ExecutionPlan.BFLOAT16 ? 1e-2 : 1e-5);
        }
    }
}
