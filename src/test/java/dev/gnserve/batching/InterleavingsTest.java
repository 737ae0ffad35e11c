package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The queue and the batcher under many interleavings of few operations. Lincheck generates the scenarios, always the same
 * ones; it chooses the switches between threads itself (model checking), or leaves them to the machine (stress).
 */
@Tag("interleavings")
class InterleavingsTest {

    @Test
    void everyInterleavingOfQueueOperationsIsAsIfTheyCameOneAfterTheOther() {
        new ModelCheckingOptions()
                .iterations(6)
                .invocationsPerIteration(60)
                .threads(2)
                .actorsBefore(1)
                .actorsPerThread(3)
                .actorsAfter(1)
                .check(QueueOperations.class);
    }

    @Test
    void queueOperationsUnderStressAreAsIfTheyCameOneAfterTheOther() {
        new StressOptions()
                .iterations(10)
                .invocationsPerIteration(1_000)
                .threads(3)
                .actorsPerThread(3)
                .check(QueueOperations.class);
    }

    @Test
    void givingUpAPassAndItsReturnNeitherSuspendForEverNorLoseAnItemInAnyInterleaving() {
        new ModelCheckingOptions()
                .iterations(6)
                .invocationsPerIteration(500)
                .threads(2)
                .actorsBefore(1)
                .actorsPerThread(1)
                .actorsAfter(0)
                .check(PassOperations.class);
    }

    @Test
    void underStressEveryAcceptedItemHasOneOutcome() {
        new StressOptions()
                .iterations(20)
                .invocationsPerIteration(300)
                .threads(3)
                .actorsPerThread(3)
                .check(BatcherOperations.class);
    }

    /** Every result is compared with what the same operations give one after the other in some order. */
    @Param(name = "deadline", gen = IntGen.class, conf = "0:1")
    @Param(name = "level", gen = IntGen.class, conf = "1:2")
    @Param(name = "early", gen = IntGen.class, conf = "0:1")
    public static class QueueOperations {

        private static final Deadline AT_ONE = Deadline.in(Duration.ofNanos(1), () -> 0);

        private final AtomicLong clock = new AtomicLong();
        private final BatchQueue<String, String> queue = new BatchQueue<>(
                new BatchPolicy(2, Duration.ZERO, 3),
                clock::get,
                new Refusals("m", 3, new ServiceRate(1)),
                items -> 0,
                item -> 1024);
        private final List<PendingItem<String, String>> early = new ArrayList<>();

        public QueueOperations() {
            for (int i = 0; i < 2; i++) {
                early.add(pending("early" + i, Deadline.none(), 2));
                queue.offer(early.get(i), new ArrayList<>());
            }
        }

        @Operation
        public String offer(@Param(name = "level") int level, @Param(name = "deadline") int deadline) {
            List<PendingItem<String, String>> displaced = new ArrayList<>();
            String name = "of level " + level;
            Failure refusal = queue.offer(pending(name, deadline == 0 ? Deadline.none() : AT_ONE, level), displaced);
            return refusal == null
                    ? "accepted for " + names(displaced)
                    : refusal.code().name();
        }

        @Operation
        public String poll() {
            return names(queue.poll());
        }

        @Operation
        public void cancel(@Param(name = "early") int index) {
            early.get(index).future.cancel(true);
        }

        @Operation
        public int countBefore(@Param(name = "level") int level) {
            return queue.countBefore(0, new Priority(level));
        }

        @Operation
        public int size() {
            return queue.size();
        }

        @Operation
        public void elapse() {
            clock.set(1);
        }

        @Operation
        public String suspend() {
            return names(queue.suspend(Failure.of(FailureCode.MODEL_UNAVAILABLE, "hangs")));
        }

        @Operation
        public void resume() {
            queue.resume();
        }

        @Operation
        public void close() {
            queue.close(Failure.of(FailureCode.SHUTTING_DOWN, "closed"));
        }

        @Operation
        public String drain() {
            return names(queue.drain());
        }

        private PendingItem<String, String> pending(String name, Deadline deadline, int level) {
            return new PendingItem<>(name, "any", deadline, new Priority(level), 0, null, null, queue::remove);
        }

        private static String names(List<PendingItem<String, String>> items) {
            return String.join(", ", items.stream().map(pending -> pending.item).toList());
        }
    }

    /** Suspends and resumes the queue. The whole batcher is too large for the model checker. */
    public static class PassOperations {

        private static final Failure HANGS = Failure.of(FailureCode.ENGINE_FAULT, "hangs");
        private static final Failure BACK = Failure.of(FailureCode.ENGINE_FAULT, "back");

        private final BatchQueue<String, String> queue = new BatchQueue<>(
                new BatchPolicy(1, Duration.ZERO, 16),
                () -> 0,
                new Refusals("m", 16, new ServiceRate(1)),
                items -> 0,
                item -> 1024);
        private final RunningBatches<String, String> running = new RunningBatches<>(queue);
        private final ConcurrentLinkedQueue<PendingItem<String, String>> submitted = new ConcurrentLinkedQueue<>();
        private volatile @Nullable Thread working;

        @Operation
        public void work() {
            RunningBatch<String, String> batch = new RunningBatch<>(queue.poll());
            running.enter(batch);
            working = Thread.currentThread();
            running.leave(batch);
            Failure givenUp = batch.givenUp;
            batch.items.forEach(pending -> pending.fail(givenUp == null ? BACK : givenUp));
        }

        @Operation
        public void giveUp() {
            Thread worker = working;
            if (worker != null) {
                running.giveUp(worker, HANGS);
            }
        }

        @Operation
        public void submit() {
            PendingItem<String, String> pending =
                    new PendingItem<>("item", "any", Deadline.none(), Priority.DEFAULT, 0, null, null, queue::remove);
            Failure refusal = queue.offer(pending, new ArrayList<>());
            if (refusal != null) {
                pending.fail(refusal);
            }
            submitted.add(pending);
        }

        @Validate
        public void everyItemIsAnsweredOrWaits() {
            require(!running.hangs(), "a batch that has returned hangs");
            require(queue.refusal(Priority.DEFAULT) == null, "still suspended");
            List<PendingItem<String, String>> waiting = queue.drain();
            for (PendingItem<String, String> pending : submitted) {
                require(pending.isDone() != waiting.contains(pending), "lost, or answered although it waits");
            }
        }
    }

    /** After every interleaving no item is lost or has run twice, and no returned batch hangs. */
    @Param(name = "level", gen = IntGen.class, conf = "1:2")
    public static class BatcherOperations {

        private final Batcher<Integer, Integer> batcher = Batcher.<Integer, Integer>of("m", "1")
                .policy(new BatchPolicy(2, Duration.ZERO, 2))
                .ticker(() -> 0)
                .stepped();
        private final AtomicInteger submitted = new AtomicInteger();
        private final Map<Integer, CompletableFuture<Outcome<Integer>>> answers = new ConcurrentHashMap<>();
        private final ConcurrentLinkedQueue<Integer> ran = new ConcurrentLinkedQueue<>();
        private volatile @Nullable Thread working;
        private volatile boolean closed;

        public BatcherOperations() {
            submit(2);
        }

        @Operation
        public void submit(@Param(name = "level") int level) {
            int item = submitted.incrementAndGet();
            answers.put(item, batcher.submit(item, Deadline.none(), new Priority(level)));
        }

        @Operation
        public void work() {
            batcher.runReady(items -> {
                working = Thread.currentThread();
                ran.addAll(items);
                return new BatchResult<>(items, StageTimes.NONE);
            });
        }

        @Operation
        public void giveUp() {
            Thread worker = working;
            if (worker != null) {
                batcher.giveUp(worker, Failure.of(FailureCode.ENGINE_FAULT, "hangs"));
            }
        }

        @Operation
        public void close() {
            closed = true;
            batcher.close(Duration.ZERO);
        }

        @Validate
        public void everyItemHasItsOutcome() {
            require(!batcher.hangs(), "a batch that has returned hangs");
            Failure refusal = batcher.refusal(Deadline.none());
            require(
                    closed || refusal == null || refusal.code() == FailureCode.OVERLOADED,
                    "still suspended: " + refusal);
            batcher.close(Duration.ZERO);
            require(batcher.depth() == 0, "an item waits for ever");
            require(answers.size() == submitted.get(), "an item is lost");
            answers.forEach((item, answer) -> {
                require(answer.isDone(), "no outcome");
                long times = ran.stream().filter(item::equals).count();
                if (answer.join() instanceof Outcome.Success<Integer> success) {
                    require(success.result().equals(item) && times == 1, "not its own result of its only run");
                } else {
                    FailureCode code =
                            ((Outcome.Failed<Integer>) answer.join()).failure().code();
                    boolean mayHaveRun = code == FailureCode.ENGINE_FAULT || code == FailureCode.SHUTTING_DOWN;
                    require(times == 0 || (times == 1 && mayHaveRun), "ran " + times + " times, then " + code);
                }
            });
        }
    }

    private static void require(boolean promise, String broken) {
        if (!promise) {
            throw new IllegalStateException(broken);
        }
    }
}
