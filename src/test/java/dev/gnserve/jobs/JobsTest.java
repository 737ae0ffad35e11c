package dev.gnserve.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.failure.MisconfiguredException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** Jobs without a web server: what they answer is made by the tests. */
class JobsTest {

    private static final Duration KEEP = Duration.ofHours(1);
    private static final Instant START = Instant.parse("2026-01-31T12:00:00Z");
    private static final Replay.Answered OK = new Replay.Answered(200, Map.of("Content-Type", "text/plain"));

    @TempDir
    private Path dir;

    private final List<Object> events = new CopyOnWriteArrayList<>();
    private final AtomicInteger runs = new AtomicInteger();
    private volatile Instant now = START;
    private Jobs jobs;

    @BeforeEach
    void open() throws Exception {
        open(10, 1000);
    }

    private void open(int max, long maxBytes) throws Exception {
        open(max, 1000, maxBytes);
    }

    private void open(int max, int maxKept, long maxBytes) throws Exception {
        stop();
        JobSettings settings = new JobSettings(dir, max, maxKept, DataSize.ofBytes(maxBytes), KEEP, 1);
        jobs = new Jobs(settings, () -> now, events::add);
    }

    @AfterEach
    void stop() throws Exception {
        if (jobs != null) {
            jobs.stop();
            jobs.close();
        }
    }

    private String submit(String upload) throws Exception {
        return submit(upload, null);
    }

    private String submit(String upload, String owner) throws Exception {
        byte[] body = upload.getBytes(StandardCharsets.UTF_8);
        StoredRequest request = new StoredRequest(
                "cells", null, "segment", "/v1/models/cells/segment", null, Map.of(), owner, now, body.length);
        return jobs.submit(request, body).id();
    }

    /** Answers with the upload, twice. */
    private void startToEcho() {
        jobs.start((job, answer, client) -> {
            runs.incrementAndGet();
            byte[] upload = Files.readAllBytes(dir.resolve(job.id()).resolve("upload"));
            answer.write(upload);
            answer.write(upload);
            return OK;
        });
    }

    private void await(String id, JobState state) throws Exception {
        for (int i = 0; i < 3000 && jobs.get(id, null).state() != state; i++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(jobs.get(id, null).state()).isEqualTo(state);
    }

    /** The event of a job comes shortly after its clients see it finished. */
    private List<Object> events(int count) throws Exception {
        for (int i = 0; i < 3000 && events.size() < count; i++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        return events;
    }

    private String result(String id) throws Exception {
        Jobs.Result result = jobs.result(id, null);
        try (var body = result.body()) {
            assertThat(result.outcome().status()).isEqualTo(200);
            assertThat(result.outcome().headers()).containsEntry("Content-Type", "text/plain");
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void assertFails(FailureCode code, String detail, ThrowingCallable call) {
        FailureException thrown = catchThrowableOfType(FailureException.class, call);
        assertThat(thrown.failure().code()).isEqualTo(code);
        assertThat(thrown.failure().detail()).contains(detail);
    }

    @Test
    void aJobThatWaitsAndOneThatIsFinishedOutliveTheProcess() throws Exception {
        String id = submit("abc");
        open(10, 1000);

        assertThat(jobs.get(id, null).state()).isEqualTo(JobState.QUEUED);
        startToEcho();
        await(id, JobState.SUCCEEDED);
        JobDescription before = jobs.get(id, null);
        open(10, 1000);

        assertThat(jobs.get(id, null)).isEqualTo(before);
        assertThat(before.expires()).isEqualTo(START.plus(KEEP));
        assertThat(result(id)).isEqualTo("abcabc");
        assertThat(dir.resolve(id).resolve("upload")).doesNotExist();
        assertThat(runs).hasValue(1);
        assertThat(events(1)).containsExactly(new JobFinished(JobState.SUCCEEDED));
    }

    @Test
    void aRunThatAStopCutsOffRunsAgainAfterTheNextStart() throws Exception {
        String id = submit("abc");
        CountDownLatch running = new CountDownLatch(1);
        jobs.start((job, answer, client) -> {
            answer.write("half".getBytes(StandardCharsets.UTF_8));
            running.countDown();
            while (!client.isClosed()) {
                Thread.onSpinWait();
            }
            return new Replay.Answered(400, Map.of());
        });
        running.await();
        open(10, 1000);

        assertThat(events).isEmpty();
        assertThat(jobs.get(id, null).state()).isEqualTo(JobState.QUEUED);
        startToEcho();
        await(id, JobState.SUCCEEDED);
        assertThat(result(id)).isEqualTo("abcabc");
        assertThat(events(1)).containsExactly(new JobFinished(JobState.SUCCEEDED));
    }

    /** What the folder has in the middle of a run is what a killed process leaves. */
    @Test
    void aJobThatEndsItsProcessAgainAndAgainFails() throws Exception {
        String id = submit("abc");
        for (int killed = 1; killed <= 5; killed++) {
            CountDownLatch running = new CountDownLatch(1);
            Path noted = dir.resolve(id).resolve("runs");
            AtomicReference<byte[]> left = new AtomicReference<>();
            jobs.start((job, answer, client) -> {
                left.set(Files.readAllBytes(noted));
                running.countDown();
                while (!client.isClosed()) {
                    Thread.onSpinWait();
                }
                throw new InterruptedException();
            });
            assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();
            stop();
            Files.write(noted, left.get());
            open(10, 1000);
        }
        startToEcho();

        await(id, JobState.FAILED);

        assertThat(jobs.get(id, null).problem().detail()).contains("ended 5 times while this job ran");
        assertThat(runs).hasValue(0);
    }

    @Test
    void jobsAreCancelledWhileTheyWaitAndWhileTheyRun() throws Exception {
        String first = submit("a");
        String second = submit("b");
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        jobs.start((job, answer, client) -> {
            runs.incrementAndGet();
            client.expects(7);
            client.inputDone();
            running.countDown();
            while (!client.isClosed()) {
                Thread.onSpinWait();
            }
            ended.countDown();
            return new Replay.Answered(400, Map.of());
        });
        running.await();

        assertThat(jobs.get(first, null).state()).isEqualTo(JobState.RUNNING);
        assertThat(jobs.get(first, null).progress()).isEqualTo(new JobDescription.Progress(1, 7));
        assertFails(FailureCode.JOB_NOT_FINISHED, "RUNNING", () -> jobs.result(first, null));
        jobs.delete(second, null);
        jobs.delete(first, null);
        ended.await();

        assertThat(jobs.list(null)).extracting(JobDescription::state).containsOnly(JobState.CANCELLED);
        assertFails(FailureCode.JOB_NOT_FINISHED, "CANCELLED", () -> jobs.result(first, null));
        assertThat(runs).hasValue(1);
        assertThat(events(2)).hasSize(2);
        open(10, 1000);
        assertThat(jobs.count(JobState.CANCELLED)).isEqualTo(2);
        jobs.delete(first, null);
        assertFails(FailureCode.JOB_NOT_FOUND, first, () -> jobs.get(first, null));
        assertThat(dir.resolve(first)).doesNotExist();
    }

    @Test
    void jobsAndTheirBytesAreLimited() throws Exception {
        open(2, 10);
        String first = submit("1234");
        assertFails(FailureCode.OVERLOADED, "gnserve.jobs.max-bytes", () -> submit("1234567"));
        String second = submit("12");
        assertFails(FailureCode.OVERLOADED, "(gnserve.jobs.max)", () -> submit("1"));

        startToEcho();
        await(second, JobState.SUCCEEDED);

        assertThat(jobs.get(first, null).state()).isEqualTo(JobState.FAILED);
        assertThat(jobs.get(first, null).problem().detail()).contains("gnserve.jobs.max-bytes");
        assertThat(result(second)).isEqualTo("1212");
        stop();
        open(2, 10);
        assertFails(FailureCode.OVERLOADED, "have 4 bytes; with these 7", () -> submit("1234567"));
        assertThat(submit("123456")).isNotBlank();
    }

    @Test
    void finishedJobsAreLimitedInNumber() throws Exception {
        open(10, 2, 1000);
        startToEcho();
        String first = submit("a");
        String second = submit("b");
        await(first, JobState.SUCCEEDED);
        await(second, JobState.SUCCEEDED);
        assertFails(FailureCode.OVERLOADED, "(gnserve.jobs.max-kept)", () -> submit("c"));

        jobs.delete(first, null);
        String third = submit("c");
        jobs.delete(third, null); // Cancelled, or deleted if it was finished.
        open(10, 1, 1000);
        assertThat(jobs.get(second, null).state()).isEqualTo(JobState.SUCCEEDED);
        assertFails(FailureCode.OVERLOADED, "(gnserve.jobs.max-kept)", () -> submit("d"));

        now = START.plus(KEEP);

        assertThat(submit("d")).isNotBlank();
        assertFails(FailureCode.OVERLOADED, "(gnserve.jobs.max-kept)", () -> submit("e"));
    }

    /** A folder in place of the file fails as a full disk does. */
    @Test
    void aJobWhoseEndCannotBeWrittenFailsGivesItsBytesBackAndDoesNotRunAgain() throws Exception {
        open(10, 10);
        jobs.start((job, answer, client) -> {
            Files.createDirectory(dir.resolve(job.id()).resolve("outcome.json.part"));
            return OK;
        });
        String id = submit("12345678");
        await(id, JobState.FAILED);
        assertThat(events(1)).containsExactly(new JobFinished(JobState.FAILED));
        jobs.stop();

        assertThat(submit("1234567890")).isNotBlank();
        now = START.plus(KEEP);
        assertFails(FailureCode.JOB_NOT_FOUND, id, () -> jobs.get(id, null));
        now = START;
        open(10, 10);
        assertFails(FailureCode.JOB_NOT_FOUND, id, () -> jobs.get(id, null));
        assertThat(dir.resolve(id)).doesNotExist();
    }

    /** A folder in place of the file fails as a full disk does. */
    @Test
    void aJobWhoseCancellationCannotBeWrittenDoesNotRun() throws Exception {
        String id = submit("abc");
        Files.createDirectory(dir.resolve(id).resolve("outcome.json.part"));

        jobs.delete(id, null);

        assertThat(jobs.get(id, null).state()).isEqualTo(JobState.CANCELLED);
        startToEcho();
        assertThat(submit("d")).isNotBlank();
        assertThat(dir.resolve(id)).doesNotExist();
    }

    @Test
    void aJobThatCannotBeWrittenIsRefusedInWords() throws Exception {
        Path away = Files.move(dir, dir.resolveSibling(dir.getFileName() + "-away"));
        try {
            assertFails(FailureCode.OVERLOADED, "The job cannot be written to gnserve.jobs.dir: ", () -> submit("abc"));
        } finally {
            Files.move(away, dir);
        }
        assertThat(submit("abc")).isNotBlank();
    }

    /** As a full disk: the web server takes an error of writing for a client who went away, and answers 200 all the same. */
    @Test
    void anAnswerThatIsNotWholeOnDiskIsNoSuccess() throws Exception {
        open(10, 10);
        jobs.start((job, answer, client) -> {
            answer.write('a');
            answer.close();
            try {
                answer.write('b');
            } catch (IOException e) {
                return OK;
            }
            return OK;
        });
        String id = submit("abc");
        await(id, JobState.FAILED);

        assertThat(jobs.get(id, null).problem().detail())
                .isEqualTo(
                        "A file of this job in gnserve.jobs.dir cannot be read or written. The log has the cause, under the"
                                + " id of the job.");
        assertThat(dir.resolve(id).resolve("answer")).doesNotExist();
        assertThat(events(1)).containsExactly(new JobFinished(JobState.FAILED));
        assertThat(submit("1234567890")).as("its bytes are free").isNotBlank();
    }

    @Test
    void aFinishedJobExpires() throws Exception {
        startToEcho();
        String id = submit("abc");
        await(id, JobState.SUCCEEDED);
        now = START.plus(KEEP).minusMillis(1);
        assertThat(result(id)).isEqualTo("abcabc");

        now = START.plus(KEEP);

        assertFails(FailureCode.JOB_NOT_FOUND, "gnserve.jobs.keep", () -> jobs.result(id, null));
        try (Stream<Path> left = Files.list(dir)) {
            assertThat(left.map(Path::getFileName)).containsExactly(Path.of(".lock"));
        }
    }

    @Test
    void aJobIsSeenWithTheKeyThatSubmittedItOnly() throws Exception {
        String mine = submit("a", "mine");
        String other = submit("b", "other");
        open(10, 1000);

        assertThat(jobs.list("mine")).extracting(JobDescription::id).containsExactly(mine);
        assertFails(FailureCode.JOB_NOT_FOUND, other, () -> jobs.get(other, "mine"));
        assertFails(FailureCode.JOB_NOT_FOUND, other, () -> jobs.result(other, "mine"));
        assertFails(FailureCode.JOB_NOT_FOUND, other, () -> jobs.delete(other, "mine"));
        assertThat(jobs.get(other, "other").state()).isEqualTo(JobState.QUEUED);
    }

    @Test
    void aRefusalForAMomentIsTriedAgain() throws Exception {
        jobs.start((job, answer, client) -> {
            answer.write(runs.incrementAndGet());
            return runs.get() == 1 ? new Replay.Answered(429, Map.of("Retry-After", "1")) : OK;
        });
        String id = submit("a");

        await(id, JobState.SUCCEEDED);

        assertThat(result(id)).isEqualTo("\u0002");
    }

    @Test
    void aFailureOfTheServiceItselfEndsTheJobAndNotItsWorker() throws Exception {
        jobs.start((job, answer, client) -> {
            if (runs.incrementAndGet() == 1) {
                throw new IllegalStateException("made by the test");
            }
            return OK;
        });
        String first = submit("a");
        String second = submit("b");

        await(second, JobState.SUCCEEDED);

        assertThat(jobs.get(first, null).problem().code()).isEqualTo("ENGINE_FAULT");
        assertThat(jobs.get(first, null).problem().detail()).doesNotContain("made by the test");
    }

    @Test
    void foldersThatAreNoWholeJobsAreLeftAndWhatWasNeverAcceptedIsRemoved() throws Exception {
        String whole = submit("abc");
        String cut = submit("abcdef");
        stop();
        Files.write(dir.resolve(cut).resolve("upload"), new byte[5]);
        Files.createDirectories(dir.resolve("0".repeat(32)));
        Files.writeString(dir.resolve("0".repeat(32)).resolve("request.json"), "{\"model\":");
        Files.createDirectories(dir.resolve("notes"));
        Files.writeString(Files.createDirectories(dir.resolve(".new-1")).resolve("upload"), "x");
        open(10, 1000);

        assertThat(jobs.list(null)).extracting(JobDescription::id).containsExactly(whole);
        assertThat(dir.resolve(cut)).exists();
        assertThat(dir.resolve("0".repeat(32))).exists();
        assertThat(dir.resolve("notes")).exists();
        assertThat(dir.resolve(".new-1")).doesNotExist();
    }

    @Test
    void oneProcessHasAFolder() {
        JobSettings settings = new JobSettings(dir, 1, 1, DataSize.ofBytes(1), KEEP, 1);

        assertThatThrownBy(() -> new Jobs(settings, () -> now, events::add))
                .isInstanceOf(MisconfiguredException.class)
                .hasMessageContaining("another process");
    }

    @Test
    void aSettingOutOfRangeIsNamed() {
        assertThatThrownBy(() -> new JobSettings(dir, 0, 1, DataSize.ofBytes(1), KEEP, 1))
                .hasMessage("gnserve.jobs.max is 0. Allowed is 1 or more");
        assertThatThrownBy(() -> new JobSettings(dir, 1, 0, DataSize.ofBytes(1), KEEP, 1))
                .hasMessage("gnserve.jobs.max-kept is 0. Allowed is 1 or more");
    }
}
