package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.archive.HostileArchives;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Archives that loop, crash or write files beside one that serves. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "named pipes, and signals of processes that end")
class HostileArchivesJarIT {

    @TempDir
    private Path work;

    @Test
    void theServiceLivesTheGoodModelServesAndEachBadOneSaysWhy() throws Exception {
        Path written = work.resolve("written");
        Map<String, String> reasons = new LinkedHashMap<>();
        put(reasons, "a-loops", HostileArchives.looping(), "ended after 8 s while it was warmed up");
        put(reasons, "b-loops-at-load", HostileArchives.loopingAtLoad(), "ended after 8 s while it was loaded");
        put(reasons, "c-crashes", HostileArchives.overflowing(), "ended with signal 11 (SIGSEGV) while it was loaded");
        put(reasons, "d-writes", HostileArchives.saving(written.toString()), "aten::save in code/__torch__.py line 8");
        put(reasons, "e-checkpoint", checkpoint(), "a PyTorch checkpoint (torch.save, usually .pth)");
        put(reasons, "f-empty", new byte[0], "the file is empty");
        put(
                reasons,
                "g-page",
                "<!DOCTYPE html><title>404</title>".getBytes(StandardCharsets.UTF_8),
                "a web page or XML text, not a TorchScript archive");
        put(reasons, "h-pipe", new byte[0], "is not a file: it is a named pipe or a device");
        Path pipe = JarWithModels.models(work).path().resolve("h-pipe/1/model.pt");
        Files.delete(pipe);
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        JarWithModels.models(work).put("z-good", "1", HostileArchives.harmless(), HostileArchives.MANIFEST);

        try (JarWithModels jar = JarWithModels.start(work, "--gnserve.trial.time=8s")) {
            jar.awaitState("z-good", "READY");
            Answer answer = jar.infer("z-good", "1, 4", "1, 2, 3, 4");
            assertThat(answer.status()).as(answer.text()).isEqualTo(200);
            reasons.keySet().forEach(model -> jar.awaitState(model, "FAILED"));

            reasons.forEach((model, reason) -> {
                JsonNode listed = jar.model(model);
                assertThat(listed.path("reason").asString(""))
                        .as(listed.toString())
                        .contains(reason);
            });
            assertThat(jar.client().get("readyz").status()).isEqualTo(200);
            assertThat(jar.client().get("livez").status()).isEqualTo(200);
            assertThat(jar.infer("z-good", "1, 4", "1, 2, 3, 4").status()).isEqualTo(200);
            assertThat(written).doesNotExist();
            assertThat(jar.crashReports()).isEmpty();
            assertThat(jar.output()).contains("a-loops").doesNotContain("\tat ");
            jar.process().destroy(); // SIGTERM
            assertThat(jar.process().waitFor(JarWithModels.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
        }
    }

    @Test
    void aSignalInTheMiddleOfATrialEndsBothProcesses() throws Exception {
        JarWithModels.models(work).put("a-loops", "1", HostileArchives.looping(), HostileArchives.MANIFEST);
        JarWithModels.models(work).put("z-good", "1", HostileArchives.harmless(), HostileArchives.MANIFEST);
        try (JarWithModels jar = JarWithModels.start(work, "--gnserve.trial.time=10m")) {
            jar.awaitState("z-good", "READY");
            jar.await(
                    "the trial of the other one", () -> jar.process().children().anyMatch(ProcessHandle::isAlive));
            List<ProcessHandle> children = jar.process().children().toList();

            jar.process().destroy(); // SIGTERM

            boolean ended = jar.process().waitFor(JarWithModels.PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(ended).as(jar.output()).isTrue();
            assertThat(jar.process().exitValue()).as(jar.output()).isEqualTo(128 + 15);
            assertThat(children)
                    .isNotEmpty()
                    .allSatisfy(child -> assertThat(child.onExit()).succeedsWithin(JarWithModels.PATIENCE));
        }
    }

    /** The kernel gives the service no time to end anything. */
    @Test
    void aTrialDoesNotOutliveAServiceThatIsKilled() throws Exception {
        JarWithModels.models(work).put("a-loops", "1", HostileArchives.looping(), HostileArchives.MANIFEST);
        try (JarWithModels jar = JarWithModels.start(work, "--gnserve.trial.time=10m")) {
            jar.await("the trial", () -> jar.process().children().anyMatch(ProcessHandle::isAlive));
            List<ProcessHandle> children = jar.process().children().toList();

            jar.process().destroyForcibly(); // SIGKILL

            assertThat(children)
                    .isNotEmpty()
                    .allSatisfy(child -> assertThat(child.onExit()).succeedsWithin(JarWithModels.PATIENCE));
        }
    }

    private void put(Map<String, String> reasons, String model, byte[] archive, String reason) {
        JarWithModels.models(work).put(model, "1", archive, HostileArchives.MANIFEST);
        reasons.put(model, reason);
    }

    private static byte[] checkpoint() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (String entry : List.of("archive/data.pkl", "archive/version", "archive/data/0")) {
                zip.putNextEntry(new ZipEntry(entry));
                zip.closeEntry();
            }
        }
        return out.toByteArray();
    }
}
