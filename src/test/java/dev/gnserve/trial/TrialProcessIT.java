package dev.gnserve.trial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.ModelsFolder;
import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.HostileArchives;
import dev.gnserve.backend.PassMemory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Archives in the process that tries them, with the engine in it. */
class TrialProcessIT {

    private static final Duration SHORT = Duration.ofSeconds(3);
    private static final Duration LONG = Duration.ofMinutes(2);

    private ArchiveTrials trials = trials(LONG);

    @AfterEach
    void theProcessEnds() {
        trials.close();
        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
                .noneMatch(child -> child.info().commandLine().orElse("").contains(" trial"));
    }

    @Test
    void soundArchivesPassWhateverTheyPrint() {
        assertThatCode(() -> require(HostileArchives.harmless())).doesNotThrowAnyException();
        assertThatCode(() -> require(HostileArchives.printing())).doesNotThrowAnyException();
        assertThatCode(() -> require(ModelsFolder.bytes("/engine/group-norm-traced.pt"), """
                task: segmentation
                labels: [a, b]
                """))
                .doesNotThrowAnyException();
    }

    @Test
    void whatDoesNotServeIsRefusedWithTheReasonThatTheServiceGives() {
        assertThatThrownBy(() -> require(HostileArchives.harmless(), HostileArchives.MANIFEST + "tsak: x\n"))
                .hasMessageContaining("models/m/model.yaml, line 5, tsak: unknown field");
        assertThatThrownBy(() -> require(HostileArchives.withCode("    y = unknown\n")))
                .hasMessageContaining("does not load models/m/1/model.pt")
                .hasMessageContaining("undefined value unknown");
        assertThatThrownBy(() -> require(HostileArchives.withCode("    y = torch.dream(x)\n")))
                .hasMessageContaining("aten::dream, an operator of a newer PyTorch");
    }

    @Test
    void codeThatLoopsIsEnded() {
        trials.close();
        trials = trials(SHORT);

        assertThatThrownBy(() -> require(HostileArchives.looping()))
                .hasMessageContaining("which was ended after 3 s while it was warmed up");
        assertThatThrownBy(() -> require(HostileArchives.loopingAtLoad()))
                .hasMessageContaining("which was ended after 3 s while it was loaded");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void codeThatTakesMemoryWithoutEndIsEnded() {
        assertThatThrownBy(() -> require(HostileArchives.growing()))
                .message()
                .as("all that passes may take, and the process itself")
                .containsPattern("more than 1,[01]\\d\\d MB of memory while it was warmed up");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void codeThatCrashesTheEngineIsNamedWithItsSignal() {
        assertThatThrownBy(() -> require(HostileArchives.overflowing()))
                .hasMessageContaining("which ended with signal 11 (SIGSEGV) while it was loaded");
    }

    private static ArchiveTrials trials(Duration longest) {
        return new ArchiveTrials(List.of("trial"), false, TrialLimits.of(longest), new PassMemory(1L << 30));
    }

    private void require(byte[] archive) {
        require(archive, HostileArchives.MANIFEST);
    }

    private void require(byte[] archive, String manifest) {
        TestSource source = new TestSource("m", archive, manifest);
        try (ArchiveSnapshot snapshot = source.read()) {
            trials.judge(source, snapshot, why -> {}).join();
        } catch (CompletionException e) {
            throw (RuntimeException) e.getCause();
        }
    }
}
