package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorGroup;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ArgumentTreeTest {

    private static PyTorchBackend engine;
    private static PyTorchModel model;

    @BeforeAll
    static void start() throws IOException {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
        model = Archives.load(
                engine,
                Rewrites.written(ScriptModule.ofClass("Model")
                        .method(new ScriptMethod(
                                "forward",
                                "before: Tensor, after: Tensor, points: Optional[Tensor]=None, boxes: Optional[Tensor]=None",
                                "Tensor",
                                List.of("return torch.sub(after, torch.mul(before, 2))")))
                        .build()),
                "model");
    }

    @AfterAll
    static void close() {
        model.close();
        engine.close();
    }

    private static float[] run(String... namesAndNumbers) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (int i = 0; i < namesAndNumbers.length; i += 2) {
            tensors.put(namesAndNumbers[i], Tensor.of(new float[] {Float.parseFloat(namesAndNumbers[i + 1])}, 1));
        }
        return model.newSession()
                .run(List.of(new TensorGroup(tensors, false)))
                .predictions()
                .get(0)
                .first()
                .floats();
    }

    @Test
    void tensorsGoToTheArgumentOfTheirName() {
        assertThat(run("before", "1", "after", "10")).containsExactly(8);
        assertThat(run("after", "10", "before", "1")).containsExactly(8);
        assertThat(run("after", "10", "points", "5", "before", "1")).containsExactly(8);
    }

    @Test
    void otherNamesGoByTheirOrder() {
        assertThat(run("a", "1", "b", "10")).containsExactly(8);
        assertThat(run("b", "10", "a", "1")).containsExactly(-19);
    }

    @Test
    void aTensorNeverReachesAnotherArgumentThanItsOwn() {
        assertThatThrownBy(() -> run("before", "1", "after", "10", "boxes", "3"))
                .hasMessageContaining(
                        "is given [before, after, boxes]. Only arguments behind the last one that is given");
        assertThatThrownBy(() -> run("after", "10", "earlier", "1"))
                .hasMessageContaining("Name each input as its argument");
        assertThatThrownBy(() -> run("before", "1"))
                .hasMessageContaining("forward takes before (Tensor), after (Tensor)");
    }
}
