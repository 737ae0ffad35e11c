package dev.gnserve.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import dev.gnserve.failure.FailureException;
import dev.gnserve.numpy.Npz;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs give in the engine what they give in PyTorch. The files are made by src/test/resources/programs/make.py. */
class ProgramRunTest {

    private static PyTorchBackend engine;

    @BeforeAll
    static void startEngine() {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "torch-2.6/bfloat16",
                "torch-2.6/branch",
                "torch-2.6/decomposed",
                "torch-2.6/norms",
                "torch-2.6/operators",
                "torch-2.6/tensors",
                "torch-2.6/unet",
                "torch-2.8/tensors",
                "torch-2.8/unet",
                "torch-2.15/bfloat16",
                "torch-2.15/branch",
                "torch-2.15/decomposed",
                "torch-2.15/decomposed-further",
                "torch-2.15/double",
                "torch-2.15/fixed-batch",
                "torch-2.15/half",
                "torch-2.15/integers",
                "torch-2.15/no-grad",
                "torch-2.15/norms",
                "torch-2.15/operators",
                "torch-2.15/pyramid",
                "torch-2.15/sizes",
                "torch-2.15/tensors",
                "torch-2.15/unet"
            })
    void givesWhatPyTorchGives(String name) {
        Npz arrays = Npz.read(Programs.bytes(name + ".npz"));
        try (ArchiveSnapshot archive = Programs.open(name + ".pt2");
                PyTorchModel model = engine.load(archive, BackendPlan.CPU)) {
            assertThat(model.replacements()).isEmpty();
            int run = 0;
            for (; arrays.has("run" + run + ".input0"); run++) {
                List<Tensor> inputs = new ArrayList<>();
                for (int i = 0; arrays.has("run" + run + ".input" + i); i++) {
                    inputs.add(arrays.anyTensor("run" + run + ".input" + i));
                }
                List<Tensor> outputs =
                        List.copyOf(model.newSession().call("forward", inputs).values());
                for (int i = 0; i < outputs.size(); i++) {
                    String expected = "run" + run + ".output" + i;
                    assertThat(outputs.get(i).shape()).as(expected).isEqualTo(arrays.shape(expected));
                    assertThat(outputs.get(i).floats())
                            .as(expected)
                            .containsExactly(arrays.floats(expected), within(1e-5f));
                }
                assertThat(arrays.has("run" + run + ".output" + outputs.size())).isFalse();
            }
            assertThat(run).isPositive();
        }
    }

    /** Names that a nested dictionary has anyway; None is left out, and numbers become tensors. */
    @Test
    void dictionariesOfSeveralTypesKeepTheirNames() {
        Npz arrays = Npz.read(Programs.bytes("torch-2.15/outputs.npz"));
        try (ArchiveSnapshot archive = Programs.open("torch-2.15/outputs.pt2");
                PyTorchModel model = engine.load(archive, BackendPlan.CPU)) {
            Map<String, Tensor> outputs = model.newSession().call("forward", List.of(arrays.anyTensor("run1.input0")));
            assertThat(outputs.keySet())
                    .containsExactlyInAnyOrder("deep.0", "deep.1.deeper", "plain", "x", "y", "output5", "output6");
            assertThat(outputs.get("plain").floats()).containsExactly(arrays.floats("run1.output2"), within(1e-6f));
            assertThat(outputs.get("deep.1.deeper").floats())
                    .containsExactly(arrays.floats("run1.output1"), within(1e-6f));
            assertThat(outputs.get("y").floats()).containsExactly(arrays.floats("run1.output4"), within(1e-6f));
            assertThat(outputs.get("output5").floats()).containsExactly(12);
        }
    }

    @Test
    void sizesThatTheProgramDoesNotAllowAreRefusedWithTheAxis() {
        try (ArchiveSnapshot archive = Programs.open("torch-2.15/unet.pt2");
                PyTorchModel model = engine.load(archive, BackendPlan.CPU)) {
            refused(model, "axis 2 of image is 18, allowed: multiples of 4 from 16 to 256", 1, 3, 18, 16);
            refused(model, "axis 3 of image is 260, allowed: multiples of 4 from 16 to 256", 1, 3, 16, 260);
            refused(model, "axis 0 of image is 17, allowed: from 1 to 16", 17, 3, 16, 16);
            refused(model, "axis 1 of image is 4, allowed is 3", 1, 4, 16, 16);
            refused(model, "image has 3 axes, allowed are 4", 3, 16, 16);
        }
    }

    private static void refused(PyTorchModel model, String why, int... shape) {
        Tensor input = Tensor.of(new float[TensorShape.of(shape).elements()], shape);
        assertThatThrownBy(() -> model.newSession().call("forward", List.of(input)))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining(why);
    }
}
