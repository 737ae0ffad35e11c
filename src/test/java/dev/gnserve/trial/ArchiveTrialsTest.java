package dev.gnserve.trial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.ModelsFolder;
import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.PassMemory;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The rules of trials, on processes that do what the test says. */
class ArchiveTrialsTest {

    private static final long TOTAL = 1L << 30;
    private static final TrialLimits LIMITS = new TrialLimits(
            Duration.ofSeconds(2),
            Duration.ofSeconds(10),
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ofSeconds(10));

    private final FakeProcess.Host host = new FakeProcess.Host();
    private final PassMemory memory = new PassMemory(TOTAL);
    private final List<String> postponed = new CopyOnWriteArrayList<>();
    private ArchiveTrials trials = new ArchiveTrials(host, false, LIMITS, memory, host.clock::get);

    @AfterEach
    void nothingIsLeft() {
        trials.close();
        assertThat(host.started).allMatch(FakeProcess::isClosed);
        assertThat(memory.isOverdrawn()).isFalse();
        memory.lend(TOTAL);
        assertThat(memory.isOverdrawn()).as("all was given back").isFalse();
    }

    @Test
    void oneProcessTriesOneArchiveAfterTheOther() {
        require("a");
        require("b");

        assertThat(host.tried).containsExactly("a", "b");
        assertThat(host.started).hasSize(1);
        assertThat(postponed).isEmpty();
    }

    @Test
    void whatTheModelRefusesIsItsReasonAndTheProcessIsNotUsedAgain() {
        host.let("a", (process, used) -> process.reply(Reply.Kind.REFUSED, "labels has 3 entries"));

        assertRefused("a", "labels has 3 entries");
        require("b");

        assertThat(host.started).hasSize(2);
        assertThat(host.started.get(0).isClosed()).isTrue();
    }

    @Test
    void anArchiveThatTakesLongGoesOnAfterAllOthersAndIsEndedThen() throws Exception {
        CountDownLatch othersWait = new CountDownLatch(1);
        host.let("loop", (process, used) -> {
            await(othersWait);
            process.reply(Reply.Kind.RUNNING, "");
        });
        CompletableFuture<Void> loop = inBackground("loop");
        awaitTried(1);
        List<CompletableFuture<Void>> others = List.of(inBackground("b"), inBackground("c"));
        awaitWaiting(2);
        othersWait.countDown();

        others.forEach(CompletableFuture::join);
        assertThatThrownBy(loop::join)
                .hasRootCauseMessage("MODEL_UNAVAILABLE: it was tried in a separate process, which was ended after 60 s"
                        + " while it was warmed up: its code loops, or needs longer. Export a model whose code ends, or set"
                        + " a longer gnserve.trial.time");

        assertThat(host.tried)
                .startsWith("loop")
                .endsWith("loop")
                .contains("b", "c")
                .hasSize(4);
        assertThat(postponed)
                .containsExactly("loop: its trial takes longer than 10 s and goes on after those of other models");
        assertThat(host.started).as("each loop costs a process").hasSize(2);
    }

    @Test
    void anArchiveThatTakesLongPassesInItsSecondTrial() {
        List<Integer> trial = new ArrayList<>();
        host.let("slow", (process, used) -> {
            trial.add(1);
            if (trial.size() > 1) {
                process.reply(Reply.Kind.PASSED, "");
            }
        });

        require("slow");

        assertThat(trial).hasSize(2);
        assertThat(postponed).hasSize(1);
    }

    @Test
    void timeInWhichTheProcessWaitsForAProcessorDoesNotCount() {
        host.let("starved", (process, used) -> process.waits(0.8, Duration.ofSeconds(40)));

        require("starved");

        assertThat(host.tried).as("8 s of its own").hasSize(1);
    }

    @Test
    void anArchiveWhoseThreadsWaitForEachOtherEndsAllTheSame() {
        host.let("crowded", (process, used) -> process.waits(0.99, Duration.ofHours(1)));

        assertRefused("crowded", "it was tried in a separate process, which was ended after 60 s");
    }

    @Test
    void afterLoopsTheNextGetLessTimeAtFirstAndAllTheirTimeLater() {
        List<String> bad = List.of("bad1", "bad2", "bad3", "bad4");
        bad.forEach(name -> host.let(name, FakeProcess.LOOPS));
        CountDownLatch allWait = new CountDownLatch(1);
        host.let("first", (process, used) -> {
            await(allWait);
            process.reply(Reply.Kind.PASSED, "");
        });
        CompletableFuture<Void> first = inBackground("first");
        awaitTried(1);
        List<CompletableFuture<Void>> all = bad.stream().map(this::inBackground).toList();
        awaitWaiting(bad.size());
        allWait.countDown();
        first.join();
        all.forEach(one -> assertThatThrownBy(one::join).isInstanceOf(CompletionException.class));

        // 10, 5, 2.5 and 2 s; then 10 s for the three that got less; then 60 s for each.
        assertThat(Duration.ofNanos(host.clock.get()).toSeconds()).isBetween(289L, 292L);
    }

    @Test
    void memoryBeyondTheLimitCountsInAFreshProcessOnly() {
        long limit = TOTAL / 2;
        host.let("b", (process, used) -> {
            process.take(used ? limit + 1 : limit);
            process.reply(Reply.Kind.LOADING, "");
            if (!used) {
                process.reply(Reply.Kind.PASSED, "");
            }
        });
        host.let("c", (process, used) -> process.take(TOTAL + FakeProcess.OWN + 1));
        require("a");

        require("b");
        assertThat(host.started).hasSize(2);
        assertRefused("c", "more than 1,124 MB of memory while it was loaded");

        assertThat(host.tried).containsExactly("a", "b", "b", "c", "c", "c");
        assertThat(host.started.get(0).hardLimits).as("what the kernel allows").contains(limit + limit / 2);
    }

    /** As in the service, where batches are as large as fits. */
    @Test
    void anArchiveThatNeedsMoreThanAPartIsTriedWithAllThatPassesMayTake() {
        host.let(
                "a",
                (process, used) -> process.reply(
                        process.passBytes() < TOTAL ? Reply.Kind.REFUSED : Reply.Kind.PASSED,
                        "a pass needs 700 MB of memory"));

        require("a");

        assertThat(host.tried).containsExactly("a", "a");
        assertThat(host.started).extracting(FakeProcess::passBytes).containsExactly(TOTAL / 2 - FakeProcess.OWN, TOTAL);
    }

    @Test
    void aTrialThatAlwaysGivesWayEndsWithThatReason() {
        host.let("a", (process, used) -> {
            memory.lend(TOTAL); // As a pass that takes all, and ends when the trial has given way.
            process.whenClosed(() -> memory.takeBack(TOTAL));
        });

        assertRefused("a", "requests needed the memory of its trial");

        assertThat(host.tried).hasSize(10);
    }

    @Test
    void withoutALimitOfMemoryNoneIsHeld() {
        trials.close();
        trials = new ArchiveTrials(host, false, LIMITS, PassMemory.unlimited(), host.clock::get);
        host.let("a", (process, used) -> {
            process.take(Long.MAX_VALUE - 1);
            process.reply(Reply.Kind.PASSED, "");
        });

        require("a");

        assertThat(host.started.get(0).hardLimits).isEmpty();
    }

    @Test
    void aTrialGivesWayToAPassAndGoesOnAfterIt() {
        long pass = TOTAL * 3 / 4;
        List<Integer> trial = new CopyOnWriteArrayList<>();
        host.let("a", (process, used) -> {
            trial.add(1);
            if (trial.size() == 1) {
                memory.lend(pass); // As a pass that takes more than what is left.
            } else {
                process.reply(Reply.Kind.PASSED, "");
            }
        });

        CompletableFuture<Void> tried = inBackground("a");
        while (host.started.size() < 2) {
            Thread.onSpinWait();
        }
        assertThat(host.started.get(0).isClosed()).isTrue();
        assertThat(trial).as("the second waits").hasSize(1);
        memory.takeBack(pass);

        tried.join();
        assertThat(trial).hasSize(2);
        assertThat(postponed).isEmpty();
    }

    @Test
    void aProcessThatEndsIsTheReasonWithItsSignal() {
        host.let("a", (process, used) -> {
            process.reply(Reply.Kind.LOADING, "");
            process.die("signal 11 (SIGSEGV)");
        });
        host.let("b", (process, used) -> {
            process.reply(Reply.Kind.RUNNING, "");
            process.die("exit code 0");
        });

        assertRefused("a", "which ended with signal 11 (SIGSEGV) while it was loaded");
        assertRefused("b", "which ended with exit code 0 while it was warmed up");
        require("c");
    }

    @Test
    void anArchiveDoesNotPayForTheOneBeforeIt() {
        host.let("b", (process, used) -> {
            if (used) {
                process.die("signal 6 (SIGABRT)");
            } else {
                process.reply(Reply.Kind.PASSED, "");
            }
        });
        require("a");

        require("b");

        assertThat(host.started).hasSize(2);
    }

    @Test
    void whatAnArchiveSaidBeforeTheProcessEndedCounts() {
        host.let("a", (process, used) -> {
            process.reply(Reply.Kind.REFUSED, "no such operator");
            process.die("exit code 0");
        });

        assertRefused("a", "no such operator");
    }

    @Test
    void whereNoProcessStartsArchivesAreLoadedWithoutATrial() {
        host.startNone("Resource temporarily unavailable");

        require("a");
        require("b");

        assertThat(host.tried).isEmpty();
        assertThatThrownBy(() -> trials.load(snapshot("c")))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("Resource temporarily unavailable");
    }

    @Test
    void whereMemoryIsTooSmallForAProcessArchivesAreLoadedWithoutATrial() {
        trials.close();
        trials = new ArchiveTrials(
                host, false, LIMITS, new PassMemory(2 * TrialRunner.LEAST_MEMORY - 2), host.clock::get);

        require("a");

        assertThat(host.tried).isEmpty();
    }

    @Test
    void anIdleProcessIsEnded() {
        trials.close();
        TrialLimits limits =
                new TrialLimits(LIMITS.least(), LIMITS.first(), LIMITS.longest(), LIMITS.start(), Duration.ofMillis(1));
        trials = new ArchiveTrials(host, false, limits, memory, System::nanoTime);

        require("a");
        while (!host.started.get(0).isClosed()) {
            Thread.onSpinWait();
        }
        require("b");

        assertThat(host.started).hasSize(2);
    }

    @Test
    void closingEndsTheTrialThatRunsAndRefusesThoseThatWait() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        host.let("a", (process, used) -> {
            running.countDown();
            await(goOn);
        });
        CompletableFuture<Void> tried = inBackground("a");
        await(running);
        CompletableFuture<Void> waits = inBackground("b");
        awaitWaiting(1);

        CompletableFuture<Void> closing = CompletableFuture.runAsync(trials::close);
        assertThatThrownBy(waits::join).hasRootCauseInstanceOf(FailureException.class);
        goOn.countDown();
        closing.join();

        for (CompletableFuture<Void> one : List.of(tried, waits)) {
            assertThatThrownBy(one::join)
                    .rootCause()
                    .isInstanceOfSatisfying(
                            FailureException.class,
                            e -> assertThat(e.failure().code()).isEqualTo(FailureCode.SHUTTING_DOWN));
        }
        assertThat(host.tried).containsExactly("a");
        assertThatThrownBy(() -> require("c")).isInstanceOf(FailureException.class);
    }

    @Test
    void aModelThatIsClosedWhileItWaitsIsNotTried() {
        CountDownLatch closed = new CountDownLatch(1);
        host.let("first", (process, used) -> {
            await(closed);
            process.reply(Reply.Kind.PASSED, "");
        });
        CompletableFuture<Void> first = inBackground("first");
        awaitTried(1);
        TestSource source = TestSource.of("second", "/engine/group-norm-traced.pt");
        CompletableFuture<Void> second;
        try (ArchiveSnapshot archive = source.read()) {
            second = trials.judge(source, archive, why -> {});
        }
        closed.countDown();

        first.join();
        assertThatThrownBy(second::join).hasRootCauseInstanceOf(FailureException.class);
        assertThat(host.tried).containsExactly("first");
    }

    @Test
    void codeWithoutLoopsComesBeforeCodeWithLoops() {
        CountDownLatch allWait = new CountDownLatch(1);
        host.let("first", (process, used) -> {
            await(allWait);
            process.reply(Reply.Kind.PASSED, "");
        });
        CompletableFuture<Void> first = inBackground("first");
        awaitTried(1);
        List<CompletableFuture<Void>> others = List.of(
                inBackground(vector("open", "    while False:\n      pass\n")),
                inBackground(vector("counted", "    for i in range(3):\n      pass\n")),
                inBackground(vector("straight", "")));
        awaitWaiting(3);
        allWait.countDown();
        first.join();
        others.forEach(CompletableFuture::join);

        assertThat(host.tried).containsExactly("first", "straight", "counted", "open");
    }

    @Test
    void codeThatReadsOrWritesFilesIsRefusedBeforeItRuns() {
        TestSource saving = saving();

        assertThatThrownBy(() -> require(saving))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("its code calls aten::save in code/__torch__.py line ")
                .hasMessageContaining("gnserve.archives.allow-file-operators=true");
        assertThat(host.tried).isEmpty();

        trials.close();
        trials = new ArchiveTrials(host, true, LIMITS, memory, host.clock::get);
        require(saving);
        assertThat(host.tried).containsExactly("saving");
    }

    @Test
    void whereTrialsAreOffArchivesAreReadAllTheSame() {
        trials.close();
        trials = new ArchiveTrials((TrialProcess.Launcher) null, false, LIMITS, memory, host.clock::get);

        require("a");
        assertThatThrownBy(() -> require(saving())).hasMessageContaining("aten::save");
        assertThatThrownBy(() -> require(new TestSource("empty", new byte[0], TestSource.MANIFEST)))
                .isInstanceOf(TorchScriptException.class)
                .hasMessage("the file is empty. Copy or export it again");
        assertThat(host.started).isEmpty();
    }

    private static TestSource saving() {
        return vector("saving", "    torch.save([x], \"/tmp/x\")\n");
    }

    /** A scripted model with more code at the beginning of its forward pass. */
    private static TestSource vector(String name, String code) {
        String forward = "    x: Tensor) -> Dict[str, Tensor]:\n";
        TorchScriptArchive plain = TorchScriptArchive.of(ModelsFolder.bytes("/models/vector-scripted.pt"));
        byte[] changed = Rewrites.code(plain, "code/__torch__.py", forward, forward + code)
                .toByteArray();
        return new TestSource(name, changed, TestSource.MANIFEST);
    }

    private static ArchiveSnapshot snapshot(String name) {
        return TestSource.of(name, "/engine/group-norm-traced.pt").read();
    }

    private void require(String name) {
        require(TestSource.of(name, "/engine/group-norm-traced.pt"));
    }

    private void require(TestSource source) {
        try (ArchiveSnapshot archive = source.read()) {
            trials.judge(source, archive, why -> postponed.add(source.name() + ": " + why))
                    .join();
        } catch (CompletionException e) {
            throw (RuntimeException) e.getCause();
        }
    }

    private void assertRefused(String name, String reason) {
        assertThatThrownBy(() -> require(name)).isInstanceOfSatisfying(FailureException.class, e -> {
            assertThat(e.failure().code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
            assertThat(e.failure().detail()).contains(reason);
        });
    }

    private CompletableFuture<Void> inBackground(String name) {
        return inBackground(TestSource.of(name, "/engine/group-norm-traced.pt"));
    }

    /** On a new thread: the common pool may have one thread. */
    private CompletableFuture<Void> inBackground(TestSource source) {
        return CompletableFuture.runAsync(() -> require(source), work -> new Thread(work).start());
    }

    private void awaitTried(int count) {
        while (host.tried.size() < count) {
            Thread.onSpinWait();
        }
    }

    private void awaitWaiting(int count) {
        while (trials.waiting() < count) {
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
