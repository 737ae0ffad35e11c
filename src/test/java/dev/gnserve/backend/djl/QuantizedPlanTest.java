package dev.gnserve.backend.djl;

import static dev.gnserve.backend.djl.ConvolutionNetworks.floats;
import static dev.gnserve.backend.djl.ConvolutionNetworks.gaussian;
import static dev.gnserve.backend.djl.ConvolutionNetworks.predictions;
import static dev.gnserve.backend.djl.ConvolutionNetworks.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.OutputDifference;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Convolutions in integers of 8 bits. Left out on processors that PyTorch does not multiply them exactly with. */
class QuantizedPlanTest {

    private static final int CHANNELS = 32;
    private static final int SIDE = 21;

    private static final String LINE = "torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1])";
    private static final String NONE = "it has no convolution that gains";

    private static ConvolutionNetworks networks;

    @BeforeAll
    static void startEngine() throws IOException {
        networks = new ConvolutionNetworks(CHANNELS, SIDE);
        try (PyTorchModel model = networks.load(LINE, ExecutionPlan.INT8)) {
            assumeTrue(model != null);
        } catch (FailureException e) {
            assumeTrue(!e.getMessage().contains("VNNI") && !e.getMessage().contains("onednn"), e.getMessage());
            throw e;
        }
    }

    @AfterAll
    static void closeEngine() {
        networks.close();
    }

    /** As after a ReLU. */
    private static FloatTensor positive(int seed) {
        float[] values = gaussian(seed, CHANNELS * SIDE * SIDE);
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.max(0, values[i]);
        }
        return new FloatTensor(TensorShape.of(CHANNELS, SIDE, SIDE), values);
    }

    private static double difference(ScriptModule module, ExecutionPlan plan, FloatTensor image) throws IOException {
        try (PyTorchModel exported = networks.load(module, ExecutionPlan.AS_EXPORTED);
                PyTorchModel model = networks.load(module, plan)) {
            return OutputDifference.relative(run(exported, image), run(model, image));
        }
    }

    /**
     * A 3 x 3 convolution with stride 1 and padding 1 of quantized values, in float64. Jacob et al. (2018), equation 1, is r = S (q - Z), and
     * a border pixel is r = 0. Input: S = (high - low) / 253, and Z is 0 for low = 0, else the integer after -low / S. Weights: Z = 0.
     */
    private static float[] defined(float[] input) {
        double low = 0;
        double high = 0;
        for (float value : input) {
            low = Math.min(low, value);
            high = Math.max(high, value);
        }
        double step = (high - low) / 253;
        long zero = low < 0 ? Math.round(-low / step) + 1 : 0;
        double[] image = new double[input.length];
        for (int i = 0; i < image.length; i++) {
            image[i] = (Math.floor(input[i] / step + zero + 0.5) - zero) * step;
        }
        int each = CHANNELS * 9;
        double[] weight = new double[networks.weight.length];
        for (int out = 0; out < CHANNELS; out++) {
            double largest = 0;
            for (int i = 0; i < each; i++) {
                largest = Math.max(largest, Math.abs(networks.weight[out * each + i]));
            }
            for (int i = 0; i < each; i++) {
                weight[out * each + i] = Math.rint(networks.weight[out * each + i] / largest * 127) * largest / 127;
            }
        }
        float[] output = new float[CHANNELS * SIDE * SIDE];
        for (int out = 0; out < CHANNELS; out++) {
            for (int y = 0; y < SIDE; y++) {
                for (int x = 0; x < SIDE; x++) {
                    output[(out * SIDE + y) * SIDE + x] = (float) pixel(image, weight, out, y, x);
                }
            }
        }
        return output;
    }

    private static double pixel(double[] image, double[] weight, int out, int y, int x) {
        double sum = networks.bias[out];
        for (int in = 0; in < CHANNELS; in++) {
            for (int i = Math.max(0, 1 - y); i < Math.min(3, SIDE + 1 - y); i++) {
                for (int j = Math.max(0, 1 - x); j < Math.min(3, SIDE + 1 - x); j++) {
                    sum += image[(in * SIDE + y + i - 1) * SIDE + x + j - 1]
                            * weight[((out * CHANNELS + in) * 3 + i) * 3 + j];
                }
            }
        }
        return sum;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                LINE,
                "torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1], [1, 1], 1, )",
                "torch.convolution(x, self.weight, self.bias, [1, 1], [1, 1], [1, 1], False, [0, 0], 1)",
                "torch._convolution(x, self.weight, self.bias, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, False, False, True, True)"
            })
    void aConvolutionIsThatOfTheQuantizedValuesRoundedToBfloat16(String line) throws IOException {
        try (PyTorchModel model = networks.load(line, ExecutionPlan.INT8)) {
            for (FloatTensor image : List.of(networks.image(3), positive(4))) {
                assertThat(OutputDifference.relative(defined(image.values()), run(model, image)))
                        .isBetween(1e-4, 0x1p-8); // Half a unit of 8 bits, at most.
            }
        }
    }

    /** 8 bits in float32 are about 1 % of the deviation. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "[1, 1]; [0, 0]; [1, 1]",
                "[2, 2]; [1, 1]; [1, 1]",
                "[1, 2]; [1, 0]; [1, 1]",
                "[1, 1]; [2, 2]; [2, 2]",
                "[1, 1]; [3, 1]; [2, 1]"
            })
    void everyGeometryIsNearThatOfTheEngine(String stride, String padding, String dilation) throws IOException {
        String line = "torch.conv2d(x, self.weight, None, %s, %s, %s)".formatted(stride, padding, dilation);
        int side = 40;
        FloatTensor image =
                new FloatTensor(TensorShape.of(CHANNELS, side, side + 3), gaussian(6, CHANNELS * side * (side + 3)));
        assertThat(difference(
                        networks.module(List.of(ScriptMethod.forward("return " + line))), ExecutionPlan.INT8, image))
                .isBetween(5e-3, 2e-2);
    }

    @Test
    void anImageHasTheSameBitsInABatchWhateverTheOthersAre() throws IOException {
        float[] large = gaussian(4, CHANNELS * SIDE * SIDE);
        for (int i = 0; i < large.length; i++) {
            large[i] *= 1e4f;
        }
        FloatTensor other = new FloatTensor(TensorShape.of(CHANNELS, SIDE, SIDE), large);
        try (PyTorchModel model = networks.load(LINE, ExecutionPlan.INT8)) {
            assertThat(run(model, networks.image(3), other, positive(5)))
                    .containsExactly(run(model, networks.image(3)));
        }
    }

    /** What is no number does not become one, and an outlier does not take the steps of all others. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e4f, -1e30f})
    void anImageWithAnOutlierIsThatOfThePlanBfloat16(float pixel) throws IOException {
        FloatTensor broken = networks.image(4);
        broken.values()[100] = pixel;
        try (PyTorchModel narrow = networks.load(LINE, ExecutionPlan.BFLOAT16);
                PyTorchModel model = networks.load(LINE, ExecutionPlan.INT8)) {
            List<Prediction> predictions = predictions(model, broken, networks.image(3));
            assertThat(floats(predictions.get(0))).containsExactly(run(narrow, broken));
            assertThat(floats(predictions.get(1))).containsExactly(run(model, networks.image(3)));
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 1e-38f, -3, 1e30f})
    void anImageOfOneColourIsNearThatOfTheEngine(float value) throws IOException {
        float[] values = new float[CHANNELS * SIDE * SIDE];
        Arrays.fill(values, value);
        FloatTensor image = new FloatTensor(TensorShape.of(CHANNELS, SIDE, SIDE), values);
        assertThat(difference(
                        networks.module(List.of(ScriptMethod.forward("return " + LINE))), ExecutionPlan.INT8, image))
                .isLessThan(2e-2);
    }

    @ParameterizedTest
    @CsvSource({"7, 9, 1", "30, 34, 2"})
    void aSmallResultIsThatOfThePlanBfloat16(int height, int width, int stride) throws IOException {
        String line = LINE.replace("bias, [1, 1]", "bias, [%1$d, %1$d]".formatted(stride));
        int pixels = height * width;
        FloatTensor image = new FloatTensor(TensorShape.of(CHANNELS, height, width), gaussian(6, CHANNELS * pixels));
        try (PyTorchModel narrow = networks.load(line, ExecutionPlan.BFLOAT16);
                PyTorchModel model = networks.load(line, ExecutionPlan.INT8)) {
            assertThat(run(model, image)).containsExactly(run(narrow, image));
        }
    }

    @Test
    void noImageAndAnImageWithoutBatchHaveTheShapesOfTheEngine() throws IOException {
        ScriptModule none = networks.module(List.of(ScriptMethod.forward(
                "y = torch.conv2d(torch.slice(x, 0, 0, 0, 1), self.weight, self.bias, [1, 1], [1, 1])",
                "z = torch.squeeze(torch.conv2d(torch.select(x, 0, 0), self.other, None, [1, 1], [1, 1]))",
                "return torch.add(torch.unsqueeze(z, 0), torch.numel(y) + torch.size(y, 1) + torch.size(y, 2))")));
        assertThat(difference(none, ExecutionPlan.INT8, networks.image(3))).isBetween(1e-5, 2e-2);
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
        try (PyTorchModel model = networks.load(module, ExecutionPlan.INT8)) {
            assertThat(OutputDifference.relative(defined(networks.image(3).values()), run(model, networks.image(3))))
                    .isLessThan(0x1p-8);
        }
    }

    /** oneDNN reads a bias without its strides. */
    @Test
    void aBiasWithStridesIsReadByThem() throws IOException {
        String bias = "torch.select(torch.stack([self.bias, torch.mul(self.bias, 100.)], 1), 1, 0)";
        String line = LINE.replace("self.bias", bias);
        try (PyTorchModel model = networks.load(LINE, ExecutionPlan.INT8);
                PyTorchModel strided = networks.load(line, ExecutionPlan.INT8)) {
            assertThat(run(strided, positive(4))).containsExactly(run(model, positive(4)));
        }
    }

    /** The integers of the object's own weight would stand for another one. */
    @Test
    void aMethodThatAnotherModuleCallsMayGetAnotherWeight() {
        ScriptModule child = ScriptModule.ofClass("Convolution")
                .parameter("weight", networks.weight, CHANNELS, CHANNELS, 3, 3)
                .method(new ScriptMethod(
                        "_conv_forward",
                        "x: Tensor, weight: Tensor",
                        "Tensor",
                        List.of("return torch.conv2d(x, weight, None, [1, 1], [1, 1])")))
                .method(ScriptMethod.forward("return (self)._conv_forward(x, self.weight, )"))
                .build();
        ScriptModule module = ScriptModule.ofClass("Model")
                .child("child", child)
                .method(ScriptMethod.forward(
                        "y = (self.child).forward(x, )",
                        "return (self.child)._conv_forward(y, torch.ones([32, 32, 3, 3]), )"))
                .build();
        assertThatThrownBy(() -> networks.load(module, ExecutionPlan.INT8)).hasMessageContaining(NONE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"self.weight = torch.mul(self.other, 2.)", "(self).weight = torch.mul(self.other, 2.)"})
    void aWeightThatCodeAssignsIsNotQuantized(String line) {
        ScriptModule module = networks.module(List.of(ScriptMethod.forward(line, "return " + LINE)));
        assertThatThrownBy(() -> networks.load(module, ExecutionPlan.INT8)).hasMessageContaining(NONE);
    }

    /** As traced archives and torch.export's programs reach it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "torch.conv2d(x, getattr(self.list, \"0\").weight, getattr(self.list, \"0\").bias, [1, 1], [1, 1])",
                "torch.conv2d(x, weight, bias, [1, 1], [1, 1])"
            })
    void aWeightOfAnotherModuleIsFollowed(String line) throws IOException {
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
        model.method(ScriptMethod.forward(
                "list = self.list",
                "_0 = getattr(list, \"0\")",
                "weight = _0.weight",
                "bias = _0.bias",
                "return " + line));
        try (PyTorchModel planned = networks.load(model.build(), ExecutionPlan.INT8)) {
            assertThat(OutputDifference.relative(defined(networks.image(3).values()), run(planned, networks.image(3))))
                    .isLessThan(0x1p-8);
        }
    }

    /** The engine gets the convolutions of the same network that are not computed in integers. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "torch.conv2d(x, self.other, self.bias, )",
                "torch.conv2d(x, self.other, self.bias, [1, 1], \"same\")",
                "torch.conv2d(x, torch.neg(self.other), self.bias, [1, 1], [1, 1])",
                "torch.conv2d(torch.slice(x, 1, 0, 16), torch.slice(self.other, 1, 0, 16), None, [1, 1], [1, 1], [1, 1], 1)",
                "torch.conv2d(torch.conv2d(x, self.other, None, [1, 1], [1, 1]), self.other, None, [2, 2], [1, 1])",
                "torch.conv2d(torch.conv2d(x, self.other, None, [1, 1], [1, 1]), self.other, None, [1, 1], [1, 1])",
                "torch._convolution(x, self.other, self.bias, [2, 2], [1, 1], [1, 1], True, [1, 1], 1, False, False, True, True)"
            })
    void otherConvolutionsStayBesideIt(String line) throws IOException {
        ScriptModule module = networks.module(List.of(
                ScriptMethod.forward("y = " + LINE, "return torch.add(torch.mean(torch.to(" + line + ", 6)), y)")));
        assertThat(difference(module, ExecutionPlan.INT8, networks.image(3))).isBetween(1e-3, 2e-2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "y + torch.mean(self.weight)",
                "torch.conv2d(y, self.weight, None, [2, 2], [1, 1])",
                "torch.conv2d(y, torch.neg(self.weight), None, [1, 1], [1, 1])",
                "y + torch.mean(getattr(self, \"weight\"))",
                "torch.conv_transpose2d(y, self.weight, None, [1, 1], [1, 1])"
            })
    void aWeightThatIsUsedOtherwiseIsNotQuantized(String line) {
        ScriptModule module = networks.module(List.of(ScriptMethod.forward("y = " + LINE, "return " + line)));
        assertThatThrownBy(() -> networks.load(module, ExecutionPlan.INT8)).hasMessageContaining(NONE);
    }

    @ParameterizedTest
    @CsvSource({"8, 64, 3", "32, 24, 3", "32, 192, 3", "32, 64, 5", "512, 1024, 1"})
    void sizesThatGainNothingStay(int channels, int outputs, int kernel) {
        ScriptModule module = ScriptModule.ofClass("Model")
                .parameter("weight", new float[outputs * channels * kernel * kernel], outputs, channels, kernel, kernel)
                .method(ScriptMethod.forward("return torch.conv2d(x, self.weight, None)"))
                .build();
        assertThatThrownBy(() -> networks.load(module, ExecutionPlan.INT8)).hasMessageContaining(NONE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nuclei-unet-gn", "bloodcell-fcos-gn"})
    void theEmbeddedModelsRunInIntegersWithTheSameBitsInABatch(String name) throws IOException {
        int pixels = 3 * 128 * 160;
        FloatTensor image = new FloatTensor(TensorShape.of(3, 128, 160), gaussian(3, pixels));
        FloatTensor other = new FloatTensor(TensorShape.of(3, 128, 160), gaussian(4, pixels));
        Path file = Path.of("src/main/resources/models", name, "1/model.pt");
        try (ArchiveSnapshot archive = ArchiveSnapshot.read(file);
                PyTorchModel narrow = networks.load(archive, ExecutionPlan.BFLOAT16);
                PyTorchModel model = networks.load(archive, ExecutionPlan.INT8)) {
            Prediction alone = predictions(model, image).get(0);
            assertThat(OutputDifference.of(predictions(narrow, image).get(0), alone))
                    .isBetween(1e-3, 0.1);
            Prediction among = predictions(model, other, image, other).get(1);
            alone.outputs()
                    .forEach((output, values) ->
                            assertThat(among.outputs().get(output).floats()).containsExactly(values.floats()));
        }
    }
}
