package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.TorchScriptArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What probes, signals and other models see of a forward pass that does not return, or returns late. */
class HangingPassJarIT {

    private static final int FOREVER_MILLIS = 600_000;
    private static final int LATE_MILLIS = 6_000;
    private static final int PASSES = 16;

    /** The trial would find out what hangs at load. */
    private static final String WITHOUT_TRIAL = "--gnserve.trial.enabled=false";

    private static final String TENSORS = """
            task: tensors
            warmUp: {shapes: [[4]]}
            execution: {workers: 1}
            batching: {maxSize: 1}
            """;

    @TempDir
    private Path work;

    /** Many passes, each of which reads what the engine has in static memory: whatever the exit frees, one of them needs. */
    @RepeatedTest(2)
    void passesThatOutliveTheDrainDoNotKeepTheProcessFromEndingInOrder() throws Exception {
        JarWithModels.models(work).put("spinning", "1", Rewrites.convolving(vector()), """
                task: tensors
                warmUp: {shapes: [[4]]}
                execution: {workers: %d, threads: 1}
                batching: {maxSize: 1}
                """.formatted(PASSES));
        try (JarWithModels jar =
                JarWithModels.start(work, "--gnserve.drain-time=1s").awaitReady()) {
            for (int i = 0; i <= PASSES; i++) {
                ask(jar);
            }
            jar.await(
                    "a request behind those in the engine",
                    () -> jar.client().meter("gnserve_queue_depth", "spinning") == 1);

            jar.process().destroy(); // SIGTERM

            boolean ended = jar.process().waitFor(JarWithModels.PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(ended).as("ended on its own; it wrote%n%s", jar.output()).isTrue();
            assertThat(jar.output()).doesNotContain("SIGSEGV", "fatal error");
            assertThat(jar.crashReports()).isEmpty();
            assertThat(jar.process().exitValue()).as(jar.output()).isEqualTo(128 + 15);
        }
    }

    @Test
    void aModelWhosePassReturnsLateServesAgain() throws IOException {
        JarWithModels.models(work).put("spinning", "1", Rewrites.spinning(vector()), TENSORS);
        try (JarWithModels jar =
                JarWithModels.start(work, "--gnserve.hang-time=2s").awaitReady()) {
            Answer late = infer(jar, LATE_MILLIS);

            assertThat(late.status()).as(late.text()).isEqualTo(500);
            jar.await("liveness", () -> jar.client().get("livez").status() == 200);
            jar.awaitState("spinning", "READY");
            assertThat(jar.client().get("readyz").status()).isEqualTo(200);
            assertThat(jar.client().get("livez").status()).isEqualTo(200);
            Answer next = infer(jar, 0);
            assertThat(next.status()).as(next.text()).isEqualTo(200);
        }
    }

    @Test
    void aWarmUpThatHangsTurnsLivenessOffAndOtherModelsServe() throws IOException {
        ModelsFolder models = JarWithModels.models(work);
        models.put("a-sound-one", "/models/vector-scripted.pt", TENSORS);
        try (JarWithModels jar = JarWithModels.start(
                work,
                "--gnserve.hang-time=2s",
                "--gnserve.models=b-hanging",
                "--gnserve.watch-interval=200ms",
                "--gnserve.settle-time=500ms",
                WITHOUT_TRIAL)) {
            jar.awaitState("a-sound-one", "READY");

            models.put("b-hanging", "1", Rewrites.slow(vector(), FOREVER_MILLIS), TENSORS);
            jar.await("liveness to turn off", () -> jar.client().get("livez").status() == 503);

            assertThat(jar.client().get("actuator/health/liveness").text()).contains("DOWN", "b-hanging");
            Answer other = jar.infer("a-sound-one", "1, 4", "1, 2, 3, 4");
            assertThat(other.status()).as(other.text()).isEqualTo(200);
        }
    }

    /** The models load behind the start of the service, and before the first image of a batch. */
    @ParameterizedTest
    @ValueSource(strings = {"serve --server.port=0", "batch images results --model spinning"})
    @EnabledOnOs(OS.LINUX)
    void aWarmUpThatOutlivesTheDrainDoesNotKeepTheProcessFromEndingInOrder(String command) throws Exception {
        JarWithModels.models(work).put("spinning", "1", Rewrites.convolving(vector(), FOREVER_MILLIS), TENSORS);
        Files.createDirectory(work.resolve("images"));
        List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
        arguments.addAll(List.of(
                "--gnserve.models-dir=models", "--gnserve.models=spinning", "--gnserve.drain-time=1s", WITHOUT_TRIAL));
        Path output = work.resolve("output.log");
        Process process = new ProcessBuilder(
                        Jar.command(List.of(Jar.QUICK_START, "-XX:-CreateCoredumpOnCrash"), arguments))
                .directory(work.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            while (process.isAlive() && !hasThread(process, "engine-spinning")) {
                Thread.onSpinWait();
            }

            process.destroy(); // SIGTERM

            boolean ended = process.waitFor(JarWithModels.PATIENCE.toSeconds(), TimeUnit.SECONDS);
            String written = Files.readString(output);
            assertThat(ended).as("ended on its own; it wrote%n%s", written).isTrue();
            assertThat(written).doesNotContain("SIGSEGV", "fatal error");
            assertThat(process.exitValue()).as(written).isEqualTo(128 + 15);
        } finally {
            process.destroyForcibly();
        }
    }

    private static boolean hasThread(Process process, String name) {
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(process.pid()), "task"))) {
            for (Path thread : threads.toList()) {
                if (Files.readString(thread.resolve("comm")).strip().equals(name)) {
                    return true;
                }
            }
        } catch (IOException e) {
            // A thread has ended between the list and the look ("No such file") or during the look ("No such process").
        }
        return false;
    }

    /** Asks in a thread of its own for what takes longer than the process lives. */
    private static void ask(JarWithModels jar) {
        Thread client = new Thread(() -> {
            try {
                infer(jar, FOREVER_MILLIS);
            } catch (AssertionError e) {
                // The connection broke: the process has ended.
            }
        });
        client.setDaemon(true);
        client.start();
    }

    private static Answer infer(JarWithModels jar, int millis) {
        return jar.infer("spinning", "1, 4", millis + ", 0, 0, 0");
    }

    private static TorchScriptArchive vector() {
        return TorchScriptArchive.of(ModelsFolder.bytes("/models/vector-scripted.pt"));
    }
}
