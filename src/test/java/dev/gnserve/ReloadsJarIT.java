package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.TorchScriptArchive;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A model that is loaded again and again while clients ask: every answer is right, and nothing stays behind. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "threads and files are counted in /proc")
class ReloadsJarIT {

    private static final int CLIENTS = 2;
    private static final int SLOW_MILLIS = 300;

    /** Threads that verify: one for each model that is asked, at most. The kernel's names leave the model's name out. */
    private static final int VERIFYING = 2;

    /** Threads, files and arrays that come and go with work that is no reload. */
    private static final int NOISE = 2;

    @TempDir
    private Path work;

    /**
     * What one process holds.
     *
     * @param threads without those of the JVM's collector and compilers and of the web server, whose number follows the load
     */
    private record Held(List<String> threads, List<String> files, double arrays) {

        static Held by(JarWithModels jar) {
            try {
                List<String> threads = new ArrayList<>(jar.threads());
                threads.removeIf(name -> name.matches("(http-nio|C1 |C2 |GC |G1 ).*"));
                return new Held(
                        threads.stream().sorted().toList(),
                        jar.openFiles().stream().sorted().toList(),
                        jar.client().meter("gnserve_engine_arrays"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        boolean isNoMoreThan(Held other) {
            return threads.size() <= other.threads.size() + NOISE
                    && files.size() <= other.files.size() + NOISE
                    && arrays <= other.arrays + NOISE
                    && verifying() <= VERIFYING;
        }

        long verifying() {
            return threads.stream()
                    .filter(name -> name.startsWith("gnserve-verify"))
                    .count();
        }
    }

    @Test
    void fiftyReloadsLeaveNothingBehind() throws Exception {
        JarWithModels.models(work).put("busy", "/models/vector-scripted.pt", """
                task: tensors
                warmUp: {shapes: [[4]]}
                """);
        try (JarWithModels jar = JarWithModels.start(work).awaitReady()) {
            assertNothingIsLeftBy(
                    50,
                    jar,
                    () -> jar.infer("busy", "1, 4", "1, 2, 3, 4"),
                    () -> jar.client().get("livez"));
        }
    }

    /** Samples of a slow model keep the one thread of samples busy: those of a model that is replaced meanwhile come late. */
    @Test
    void fifteenReloadsOfAModelThatIsVerifiedAllTheTimeLeaveNothingBehind() throws Exception {
        JarWithModels.models(work).put("busy", "/engine/group-norm-traced.pt", """
                task: segmentation
                labels: [a, b]
                warmUp: {shapes: [[3, 32, 32]]}
                verification: {sampleRate: 1.0}
                """);
        JarWithModels.models(work)
                .put(
                        "slow",
                        "1",
                        Rewrites.slow(
                                TorchScriptArchive.of(ModelsFolder.bytes("/models/vector-scripted.pt")), SLOW_MILLIS),
                        """
                task: tensors
                warmUp: {shapes: [[4]]}
                execution: {workers: 1}
                batching: {maxSize: 1}
                verification: {sampleRate: 1.0}
                """);
        byte[] image = Samples.png("fluorescence-256");
        try (JarWithModels jar = JarWithModels.start(work).awaitReady()) {
            assertNothingIsLeftBy(
                    15,
                    jar,
                    () -> jar.client().post("v1/models/busy/segment?masks=none&objects=false", image),
                    () -> jar.infer("slow", "1, 4", "1, 2, 3, 4"));
        }
    }

    /** Beside what is held after one reload. */
    private static void assertNothingIsLeftBy(
            int reloads, JarWithModels jar, Supplier<Answer> question, Supplier<Answer> meanwhile) throws Exception {
        String known = content(question.get());
        reloadUnderTraffic(1, jar, question, known, meanwhile);
        Held before = settled(jar);

        reloadUnderTraffic(reloads, jar, question, known, meanwhile);

        Held after = Held.by(jar);
        long until = System.nanoTime() + JarWithModels.PATIENCE.dividedBy(3).toNanos();
        while (!after.isNoMoreThan(before) && System.nanoTime() < until) {
            JarWithModels.pause(Duration.ofMillis(200));
            after = Held.by(jar);
        }
        assertThat(after.verifying())
                .as("threads that verify, of " + after.threads())
                .isLessThanOrEqualTo(VERIFYING);
        assertThat(after.arrays()).as("arrays").isLessThanOrEqualTo(before.arrays() + NOISE);
        assertThat(after.threads().size())
                .as("threads, before %s, after %s", before.threads(), after.threads())
                .isLessThanOrEqualTo(before.threads().size() + NOISE);
        assertThat(after.files().size())
                .as("files, before %s, after %s", before.files(), after.files())
                .isLessThanOrEqualTo(before.files().size() + NOISE);
    }

    /** What is held once nothing changes any more. */
    private static Held settled(JarWithModels jar) {
        Held last = Held.by(jar);
        for (int still = 0; still < 5; ) {
            JarWithModels.pause(Duration.ofMillis(200));
            Held next = Held.by(jar);
            still = next.isNoMoreThan(last) && last.isNoMoreThan(next) ? still + 1 : 0;
            last = next;
        }
        return last;
    }

    private static void reloadUnderTraffic(
            int reloads, JarWithModels jar, Supplier<Answer> question, String known, Supplier<Answer> meanwhile)
            throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        AtomicInteger answers = new AtomicInteger();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS + 1);
        try {
            List<Future<Void>> asking = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Callable<Void> client = () -> {
                    while (!enough.get()) {
                        assertThat(content(question.get())).isEqualTo(known);
                        answers.incrementAndGet();
                    }
                    return null;
                };
                asking.add(clients.submit(client));
            }
            Callable<Void> other = () -> {
                while (!enough.get()) {
                    Answer answer = meanwhile.get();
                    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
                }
                return null;
            };
            asking.add(clients.submit(other));
            for (int i = 0; i < reloads; i++) {
                int seen = answers.get();
                Answer loaded = jar.load("busy");
                assertThat(loaded.status()).as(loaded.text()).isEqualTo(200);
                jar.await(
                        "more answers",
                        () -> answers.get() > seen + CLIENTS || asking.stream().anyMatch(Future::isDone));
            }
            enough.set(true);
            for (Future<Void> client : asking) {
                client.get();
            }
        } finally {
            enough.set(true);
            clients.shutdownNow();
        }
    }

    /** An answer without its times and the id of its request. */
    private static String content(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        return answer.json().path("outputs") + " "
                + answer.json().path("images").path(0).path("classes");
    }
}
