package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.Samples;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.OutputDifference;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.numpy.Npz;
import dev.gnserve.program.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives with a plan give what PyTorch gave without one. */
class ExecutionPlanTest {

    private static final ExecutionPlan CHANNELS_LAST = ExecutionPlan.CHANNELS_LAST;
    private static final ExecutionPlan BFLOAT16 = ExecutionPlan.BFLOAT16;

    private static PyTorchBackend engine;

    @BeforeAll
    static void startEngine() {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    static Stream<String> samples() {
        return Samples.NAMES.stream();
    }

    private static PyTorchModel load(ArchiveSnapshot archive, ExecutionPlan plan) {
        return engine.load(archive, new BackendPlan(Device.CPU, 1, plan));
    }

    private static PyTorchModel load(String sample, ExecutionPlan plan) throws IOException {
        try (ArchiveSnapshot archive = ArchiveSnapshot.of(Samples.archive(sample), sample)) {
            return load(archive, plan);
        }
    }

    @ParameterizedTest
    @MethodSource("samples")
    void withChannelsLastOutputsAreThoseOfPyTorch(String sample) throws IOException {
        Npz recorded = Npz.read(Samples.bytes(sample + ".npz"));
        try (PyTorchModel model = load(sample, CHANNELS_LAST)) {
            Map<String, Tensor> outputs = model.newSession().call("forward", List.of(recorded.tensor("input")));
            outputs.forEach((name, output) -> assertThat(OutputDifference.relative(
                            recorded.floats(outputs.size() == 1 ? "output" : name), output.floats()))
                    .as(name)
                    .isLessThan(1e-5));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"chain-scripted", "chain-traced", "loop-scripted", "shared-head-traced", "volumetric-traced"})
    void inBfloat16OutputsAreFloat32NearThoseOfPyTorch(String sample) throws IOException {
        Npz recorded = Npz.read(Samples.bytes(sample + ".npz"));
        try (PyTorchModel model = load(sample, BFLOAT16)) {
            Map<String, Tensor> outputs = model.newSession().call("forward", List.of(recorded.tensor("input")));
            outputs.forEach((name, output) -> assertThat(OutputDifference.relative(
                            recorded.floats(outputs.size() == 1 ? "output" : name), output.floats()))
                    .as(name)
                    .isBetween(1e-5, 0.03)); // It does compute in bfloat16.
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"CHANNELS_LAST", "BFLOAT16"})
    void programsRunByPlans(ExecutionPlan plan) {
        Npz arrays = Npz.read(Programs.bytes("torch-2.15/unet.npz"));
        try (ArchiveSnapshot archive = Programs.open("torch-2.15/unet.pt2");
                PyTorchModel model = load(archive, plan)) {
            Map<String, Tensor> outputs = model.newSession().call("forward", List.of(arrays.anyTensor("run0.input0")));
            assertThat(OutputDifference.relative(
                            arrays.floats("run0.output0"),
                            outputs.values().iterator().next().floats()))
                    .isLessThan(plan == BFLOAT16 ? 0.03 : 1e-5);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nuclei-unet-gn", "bloodcell-fcos-gn"})
    void theEmbeddedModelsRunByPlans(String name) throws IOException {
        FloatTensor image = image(3, 128, 160);
        Path file = Path.of("src/main/resources/models", name, "1/model.pt");
        try (ArchiveSnapshot archive = ArchiveSnapshot.read(file);
                PyTorchModel exported = load(archive, ExecutionPlan.AS_EXPORTED);
                PyTorchModel channelsLast = load(archive, CHANNELS_LAST);
                PyTorchModel narrow = load(archive, BFLOAT16)) {
            assertThat(OutputDifference.of(run(exported, image), run(channelsLast, image)))
                    .isLessThan(1e-4);
            assertThat(OutputDifference.of(run(exported, image), run(narrow, image)))
                    .isBetween(1e-4, 0.1);
        }
    }

    private static dev.gnserve.backend.Prediction run(PyTorchModel model, FloatTensor image) {
        return model.newSession().run(List.of(image)).predictions().get(0);
    }

    private static FloatTensor image(int channels, int height, int width) {
        Random random = new Random(3);
        float[] values = new float[channels * height * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        return new FloatTensor(TensorShape.of(channels, height, width), values);
    }

    @Test
    void aNetworkWithoutConvolutionsHasNoPlanInBfloat16() throws IOException {
        TorchScriptArchive archive = Rewrites.written(ScriptModule.ofClass("Model")
                .method(ScriptMethod.forward("return torch.relu(x)"))
                .build());
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.of(archive, "relu")) {
            assertThatThrownBy(() -> load(snapshot, BFLOAT16))
                    .isInstanceOf(FailureException.class)
                    .hasMessageContaining("cannot run by the plan bfloat16");
        }
    }
}
