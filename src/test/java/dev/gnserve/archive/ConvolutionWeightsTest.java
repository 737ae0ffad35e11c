package dev.gnserve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which weights a plan converts, by the text of the archive. That the text runs is tested with the engine. */
class ConvolutionWeightsTest {

    private static final String CODE = "code/__torch__.py";
    private static final String CONVOLUTION = "torch.conv2d(x, self.weight, None, [1, 1], [1, 1])";

    private static TorchScriptArchive archive(String... lines) throws IOException {
        return Rewrites.written(ScriptModule.ofClass("Model")
                .parameter("weight", new float[4 * 4 * 9], 4, 4, 3, 3)
                .parameter("other", new float[4 * 4 * 9], 4, 4, 3, 3)
                .method(ScriptMethod.forward(lines))
                .build());
    }

    private static List<String> converted(TorchScriptArchive archive, ExecutionPlan plan) {
        return PlannedArchive.of(archive, plan)
                .code(CODE)
                .lines()
                .map(String::strip)
                .filter(line -> line.matches("m\\d+\\.\\w+ = .*"))
                .toList();
    }

    @Test
    void aWeightForConvolutionsOnlyGetsTheMemoryFormatOnce() throws IOException {
        TorchScriptArchive archive = archive(
                "y = " + CONVOLUTION, "return torch.conv2d(y, self.other, torch.mean(self.other, [1, 2, 3]), [1, 1])");

        assertThat(converted(archive, ExecutionPlan.CHANNELS_LAST))
                .containsExactly("m0.weight = torch.detach(__torch__.gnserve.plan.last(m0.weight, ))");
        assertThat(converted(archive, ExecutionPlan.BFLOAT16))
                .containsExactly("m0.weight = torch.detach(__torch__.gnserve.plan.last(torch.to(m0.weight, 15), ))");
    }

    /** An object may be passed to a free function, into which no call is followed. */
    @Test
    void aFunctionThatReadsAnAttributeOfAnyObjectMayReadTheWeight() throws IOException {
        TorchScriptArchive archive = archive("return " + CONVOLUTION);
        String function = """
                def standardized(k: __torch__.Kernel) -> Tensor:
                  return torch.view(k.weight, [4, -1])
                """;

        assertThat(converted(archive, ExecutionPlan.CHANNELS_LAST)).hasSize(1);
        assertThat(converted(with(archive, function), ExecutionPlan.CHANNELS_LAST))
                .isEmpty();
        assertThat(converted(with(archive, function.replace("k.weight", "k.kernel")), ExecutionPlan.CHANNELS_LAST))
                .hasSize(1);
    }

    /** The class of an object that is no module has methods, too. */
    @Test
    void aClassWithoutInstanceMayReadTheWeight() throws IOException {
        TorchScriptArchive archive = archive("return " + CONVOLUTION);
        String type = """
                class Holder:
                  k : __torch__.Kernel
                  def std(self: __torch__.kernels.Holder) -> Tensor:
                    return torch.view(self.k.weight, [4, -1])
                """;

        assertThat(converted(with(archive, type), ExecutionPlan.CHANNELS_LAST)).isEmpty();
    }

    private static TorchScriptArchive with(TorchScriptArchive archive, String code) {
        return archive.with(Map.of("code/__torch__/kernels.py", code.getBytes(StandardCharsets.UTF_8)));
    }

    /** TorchScript has to check such an attribute before it reads one of it. */
    @Test
    void aWeightBehindAnOptionalStays() throws IOException {
        TorchScriptArchive archive = Rewrites.written(ScriptModule.ofClass("Model")
                .child(
                        "layer",
                        ScriptModule.ofClass("Convolution")
                                .parameter("weight", new float[4 * 4 * 9], 4, 4, 3, 3)
                                .build())
                .method(ScriptMethod.forward("return torch.conv2d(x, self.layer.weight, None, [1, 1], [1, 1])"))
                .build());
        TorchScriptArchive optional = Rewrites.code(
                archive, CODE, "layer : __torch__.Convolution", "layer : Optional[__torch__.Convolution]");

        assertThat(converted(archive, ExecutionPlan.CHANNELS_LAST)).hasSize(1);
        assertThat(converted(optional, ExecutionPlan.CHANNELS_LAST)).isEmpty();
    }
}
