package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TwoConvolutions;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PlanProofTest {

    private static PyTorchBackend backend;

    @BeforeAll
    static void startEngine() {
        backend = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        backend.close();
    }

    /** The plan by which a model runs that asks for one. */
    private static ExecutionPlan proved(TorchScriptArchive archive, ExecutionPlan wanted) throws IOException {
        int open = backend.openArrays();
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.of(archive, "network")) {
            PlanProof.Proved proved = PlanProof.load(
                    new Engine(backend).scope("network"),
                    snapshot,
                    new BackendPlan(Device.CPU, 1, wanted),
                    WarmUp.input(TensorShape.of(3, 32, 32)));
            proved.model().close();
            assertThat(backend.openArrays()).isEqualTo(open);
            return proved.plan();
        }
    }

    @Test
    void aPlanThatAnswersAsTheFileHolds() throws IOException {
        for (ExecutionPlan plan :
                List.of(ExecutionPlan.AS_EXPORTED, ExecutionPlan.CHANNELS_LAST, ExecutionPlan.BFLOAT16)) {
            assertThat(proved(TwoConvolutions.network(0), plan)).isEqualTo(plan);
        }
    }

    /** bfloat16 holds 8 bits: where the mean is large beside the deviation, nothing is left of the deviation. */
    @Test
    void aPlanThatAnswersOtherwiseDoesNot() throws IOException {
        assertThat(proved(TwoConvolutions.network(1e5), ExecutionPlan.BFLOAT16)).isEqualTo(ExecutionPlan.AS_EXPORTED);
    }

    @Test
    void aPlanThatTheArchiveCannotHaveDoesNot() throws IOException {
        TorchScriptArchive archive = Rewrites.written(ScriptModule.ofClass("Model")
                .method(ScriptMethod.forward("return torch.relu(x)"))
                .build());

        assertThat(proved(archive, ExecutionPlan.CHANNELS_LAST)).isEqualTo(ExecutionPlan.AS_EXPORTED);
        assertThat(proved(TwoConvolutions.network(0), ExecutionPlan.WINOGRAD)).isEqualTo(ExecutionPlan.AS_EXPORTED);
    }
}
