package dev.gnserve.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The batcher's promises with real workers. */
class BatcherThreadsTest {

    /**
     * What a client sends and gets back.
     *
     * @param id no two items have the same
     * @param shape of the item
     */
    private record Item(int id, int shape) {}

    @Test
    void underLoadEveryFutureGetsExactlyItsOwnOutcome() {
        int clients = 16;
        int perClient = 2_000;
        AtomicInteger ran = new AtomicInteger();
        AtomicInteger largest = new AtomicInteger();
        BatchRunner<Item, Integer> runner = items -> {
            ran.addAndGet(items.size());
            largest.accumulateAndGet(items.size(), Math::max);
            if (items.stream().map(Item::shape).distinct().count() != 1) {
                throw new IllegalStateException("mixed shapes");
            }
            if (items.stream().anyMatch(item -> item.id() % 97 == 0)) {
                throw new IllegalArgumentException("item refused");
            }
            return new BatchResult<>(items.stream().map(Item::id).toList(), StageTimes.NONE);
        };
        Set<String> threads = ConcurrentHashMap.newKeySet();
        Batcher<Item, Integer> batcher = Batcher.<Item, Integer>of("m", "1")
                .policy(new BatchPolicy(8, Duration.ofNanos(50_000), 64))
                .shape(Item::shape)
                .runners(Collections.nCopies(3, items -> {
                    threads.add(Thread.currentThread().getName());
                    return runner.run(items);
                }))
                .start();
        AtomicInteger refused = new AtomicInteger();
        AtomicInteger answered = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        AtomicInteger cancelled = new AtomicInteger();

        inParallel(clients, client -> {
            Random random = new Random(client);
            List<CompletableFuture<Outcome<Integer>>> mine = new ArrayList<>();
            List<Item> items = new ArrayList<>();
            for (int i = 0; i < perClient; i++) {
                Item item = new Item(client * perClient + i, random.nextInt(3));
                items.add(item);
                mine.add(batcher.submit(item, Deadline.none()));
                if (random.nextInt(50) == 0) {
                    mine.get(i).cancel(true);
                }
                if (i % 10 == 9) {
                    CompletableFuture<Outcome<Integer>> wait = mine.get(i);
                    wait.exceptionally(gone ->
                                    new Outcome.Success<>(-1, new BatchTiming(Duration.ZERO, StageTimes.NONE, 1)))
                            .join();
                }
            }
            for (int i = 0; i < perClient; i++) {
                Item item = items.get(i);
                if (mine.get(i).isCancelled()) {
                    cancelled.incrementAndGet();
                    continue;
                }
                Outcome<Integer> outcome = mine.get(i).join();
                if (outcome instanceof Outcome.Success<Integer> success) {
                    assertThat(success.result()).isEqualTo(item.id());
                    answered.incrementAndGet();
                } else if (((Outcome.Failed<Integer>) outcome).failure().code() == FailureCode.OVERLOADED) {
                    refused.incrementAndGet();
                } else {
                    assertThat(item.id() % 97).isZero();
                    failed.incrementAndGet();
                }
            }
        });

        assertThat(answered.get() + refused.get() + failed.get() + cancelled.get())
                .isEqualTo(clients * perClient);
        assertThat(answered.get()).isGreaterThan(clients * perClient / 10);
        assertThat(failed.get()).isPositive();
        assertThat(largest.get()).isBetween(2, 8);
        assertThat(threads).hasSize(3);
        assertThat(batcher.depth()).isZero();
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void closingFinishesWhatWasAccepted() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Set<String> closed = ConcurrentHashMap.newKeySet();
        Batcher<String, String> batcher = started(new BatchPolicy(1, Duration.ofSeconds(5), 8), new BatchRunner<>() {
            @Override
            public BatchResult<String> run(List<String> items) throws InterruptedException {
                entered.countDown();
                go.await();
                return new BatchResult<>(items, StageTimes.NONE);
            }

            @Override
            public void close() {
                closed.add("closed");
            }
        });
        CompletableFuture<Outcome<String>> running = batcher.submit("a", Deadline.none());
        CompletableFuture<Outcome<String>> waiting = batcher.submit("b", Deadline.none());
        entered.await();

        CompletableFuture<Boolean> closing = CompletableFuture.supplyAsync(() -> batcher.close(Duration.ofSeconds(10)));
        go.countDown();

        assertThat(closing.join()).isTrue();
        assertThat(running.join().orElseThrow()).isEqualTo("a");
        assertThat(waiting.join().orElseThrow()).isEqualTo("b");
        assertThat(closed).containsExactly("closed");
    }

    @Test
    void closingDoesNotWaitLongerThanAskedForAHungBatch() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        Batcher<String, String> batcher = started(new BatchPolicy(1, Duration.ZERO, 8), items -> {
            entered.countDown();
            never.await();
            return new BatchResult<>(items, StageTimes.NONE);
        });
        CompletableFuture<Outcome<String>> hung = batcher.submit("a", Deadline.none());
        CompletableFuture<Outcome<String>> waiting = batcher.submit("b", Deadline.none());
        entered.await();

        assertThat(batcher.close(Duration.ofMillis(5))).isFalse();

        assertThat(codeOf(hung)).isEqualTo(FailureCode.SHUTTING_DOWN);
        assertThat(codeOf(waiting)).isEqualTo(FailureCode.SHUTTING_DOWN);
        never.countDown();
    }

    @Test
    void readyMeansThatTheFirstWorkerIsPrepared() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger further = new AtomicInteger();
        BatchRunner<String, String> slow = preparing(go::await);
        Batcher<String, String> batcher = Batcher.<String, String>of("m", "1")
                .runners(List.of(slow, preparing(further::incrementAndGet)))
                .start();

        assertThat(batcher.ready()).isNotDone();
        go.countDown();
        batcher.ready().get(10, TimeUnit.SECONDS);
        assertThat(further).as("prepared when it is needed").hasValue(0);
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void anotherWorkerStartsWhenTheFirstIsBusy() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch both = new CountDownLatch(2);
        BatchRunner<String, String> runner = items -> {
            both.countDown();
            go.await();
            return new BatchResult<>(items, StageTimes.NONE);
        };
        Batcher<String, String> batcher = Batcher.<String, String>of("m", "1")
                .policy(new BatchPolicy(1, Duration.ZERO, 8))
                .runners(List.of(runner, runner))
                .start();

        CompletableFuture<Outcome<String>> first = batcher.submit("a", Deadline.none());
        CompletableFuture<Outcome<String>> second = batcher.submit("b", Deadline.none());

        both.await();
        go.countDown();
        assertThat(first.join().orElseThrow()).isEqualTo("a");
        assertThat(second.join().orElseThrow()).isEqualTo("b");
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void aFurtherWorkerThatCannotBePreparedLeavesTheWorkToTheOthers() throws Exception {
        CountDownLatch tried = new CountDownLatch(1);
        BatchRunner<String, String> second = preparing(() -> {
            tried.countDown();
            throw new IllegalStateException("no warmth");
        });
        Batcher<String, String> batcher = Batcher.<String, String>of("m", "1")
                .policy(new BatchPolicy(1, Duration.ZERO, 8))
                .runners(List.of(
                        items -> {
                            tried.await();
                            return new BatchResult<>(items, StageTimes.NONE);
                        },
                        second))
                .start();

        List<CompletableFuture<Outcome<String>>> answers = Stream.of("a", "b", "c")
                .map(item -> batcher.submit(item, Deadline.none()))
                .toList();

        assertThat(answers).allSatisfy(answer -> assertThat(answer.join()).isInstanceOf(Outcome.Success.class));
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void aWorkerWithoutBatchesGivesItsThreadUpAndTheNextItemGetsAnother() throws Exception {
        List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger closed = new AtomicInteger();
        Batcher<String, String> batcher = Batcher.<String, String>of("m", "1")
                .runners(List.of(new BatchRunner<>() {
                    @Override
                    public BatchResult<String> run(List<String> items) {
                        threads.add(Thread.currentThread());
                        return new BatchResult<>(items, StageTimes.NONE);
                    }

                    @Override
                    public void close() {
                        closed.incrementAndGet();
                    }
                }))
                .longestIdle(Duration.ofMillis(1))
                .start();
        assertThat(batcher.submit("a", Deadline.none()).join().orElseThrow()).isEqualTo("a");
        threads.get(0).join();

        assertThat(batcher.submit("b", Deadline.none()).join().orElseThrow()).isEqualTo("b");

        assertThat(threads.get(1)).isNotSameAs(threads.get(0));
        assertThat(closed).as("the same runner goes on").hasValue(0);
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
        assertThat(closed).hasValue(1);
    }

    @Test
    void noItemIsLostBetweenAWorkerThatEndsAndTheNext() {
        AtomicInteger ran = new AtomicInteger();
        BatchRunner<Integer, Integer> runner = items -> {
            ran.addAndGet(items.size());
            return new BatchResult<>(items, StageTimes.NONE);
        };
        Batcher<Integer, Integer> batcher = Batcher.<Integer, Integer>of("m", "1")
                .runners(List.of(runner, runner))
                .longestIdle(Duration.ZERO)
                .start();

        inParallel(4, client -> {
            for (int i = 0; i < 2_000; i++) {
                assertThat(batcher.submit(i, Deadline.none()).join().orElseThrow())
                        .isEqualTo(i);
            }
        });

        assertThat(ran).hasValue(8_000);
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void whereNoThreadCanBeStartedItemsFailAndLaterOnesAreTriedAgain() throws Exception {
        AtomicBoolean limited = new AtomicBoolean();
        List<Thread> started = Collections.synchronizedList(new ArrayList<>());
        Batcher<String, String> batcher = Batcher.<String, String>of("m", "1")
                .runners(List.of(items -> new BatchResult<>(items, StageTimes.NONE)))
                .longestIdle(Duration.ofMillis(1))
                .threads(work -> new Thread(work) {
                    @Override
                    public synchronized void start() {
                        if (limited.get()) {
                            throw new OutOfMemoryError("unable to create native thread");
                        }
                        started.add(this);
                        super.start();
                    }
                })
                .start();
        started.get(0).join();

        limited.set(true);
        assertThat(codeOf(batcher.submit("a", Deadline.none()))).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        limited.set(false);

        assertThat(batcher.submit("b", Deadline.none()).join().orElseThrow()).isEqualTo("b");
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
    }

    @FunctionalInterface
    private interface Preparation {
        void run() throws Exception;
    }

    private static BatchRunner<String, String> preparing(Preparation preparation) {
        return new BatchRunner<>() {
            @Override
            public void prepare() throws Exception {
                preparation.run();
            }

            @Override
            public BatchResult<String> run(List<String> items) {
                return new BatchResult<>(items, StageTimes.NONE);
            }
        };
    }

    @Test
    void aWorkerThatCannotBePreparedIsReported() {
        Batcher<String, String> batcher = started(BatchPolicy.DEFAULT, new BatchRunner<>() {
            @Override
            public void prepare() {
                throw new IllegalStateException("no warmth");
            }

            @Override
            public BatchResult<String> run(List<String> items) {
                return new BatchResult<>(items, StageTimes.NONE);
            }
        });

        assertThatThrownBy(() -> batcher.ready().join()).hasRootCauseMessage("no warmth");
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void aWorkerThatDiesIsReplacedAndItsItemIsNotLost() {
        List<Object> causes = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger made = new AtomicInteger();
        BatchListener deadly = new BatchListener() {
            @Override
            public void batchCompleted(BatchCompleted batch) {
                if (made.get() == 0) {
                    throw new LinkageError("planted");
                }
            }

            @Override
            public void workerReplaced(WorkerReplaced replaced) {
                causes.add(replaced.cause().getMessage());
            }
        };
        BatchRunner<String, String> runner = items -> new BatchResult<>(items, StageTimes.NONE);
        Batcher<String, String> batcher = Batcher.<String, String>of("m", "1")
                .runners(List.of(runner))
                .replacement(() -> {
                    made.incrementAndGet();
                    return runner;
                })
                .listener(deadly)
                .start();

        assertThat(codeOf(batcher.submit("a", Deadline.none()))).isEqualTo(FailureCode.ENGINE_FAULT);
        assertThat(batcher.submit("b", Deadline.none()).join().orElseThrow()).isEqualTo("b");
        assertThat(made.get()).isEqualTo(1);
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
        assertThat(causes).containsExactly("planted");
    }

    @Test
    void aBatcherWhoseDeadWorkerCannotBeReplacedIsBrokenAndAnswersEverything() {
        CompletableFuture<String> broken = new CompletableFuture<>();
        Batcher<String, String> batcher = Batcher.<String, String>of("m", "1")
                .runners(List.of(items -> new BatchResult<>(items, StageTimes.NONE)))
                .replacement(() -> {
                    throw new IllegalStateException("no session");
                })
                .listener(batch -> {
                    throw new LinkageError("planted");
                })
                .whenBroken(failure -> broken.complete(failure.detail()))
                .start();

        assertThat(codeOf(batcher.submit("a", Deadline.none()))).isEqualTo(FailureCode.ENGINE_FAULT);
        assertThat(codeOf(batcher.submit("b", Deadline.none()))).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThat(broken.join()).contains("could not be replaced");
    }

    @Test
    void aWorkerWaitsForMoreItemsOnTheRealClockToo() {
        Batcher<String, String> batcher = started(
                new BatchPolicy(2, Duration.ofMillis(1), 8), items -> new BatchResult<>(items, StageTimes.NONE));

        Outcome.Success<String> alone =
                batcher.submit("a", Deadline.none()).join().success();

        assertThat(alone.timing().queueWait()).isGreaterThanOrEqualTo(Duration.ofMillis(1));
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void anIdleWorkerWakesUpInTimeForADeadline() {
        Batcher<String, String> batcher = started(new BatchPolicy(2, Duration.ofSeconds(10), 8), items -> {
            Thread.sleep(1000); // So a quarter of it, 250 ms, is left for a late wake-up.
            return new BatchResult<>(items, StageTimes.NONE);
        });
        Outcome<String> unmeasured = batcher.submit("a", Deadline.in(Duration.ofSeconds(5), Ticker.system()))
                .join();
        Outcome<String> measured = batcher.submit("b", Deadline.in(Duration.ofSeconds(4), Ticker.system()))
                .join();

        assertThat(unmeasured).isInstanceOf(Outcome.Success.class);
        assertThat(measured).isInstanceOf(Outcome.Success.class);
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void anotherThreadGivesUpAHungBatchAndTheWorkerServesAgainWhenItIsBack() throws Exception {
        CompletableFuture<Thread> inside = new CompletableFuture<>();
        CountDownLatch back = new CountDownLatch(1);
        Batcher<String, String> batcher = started(new BatchPolicy(1, Duration.ZERO, 8), items -> {
            if (inside.complete(Thread.currentThread())) {
                back.await();
            }
            return new BatchResult<>(items, StageTimes.NONE);
        });
        Failure hangs = Failure.of(FailureCode.ENGINE_FAULT, "hangs");
        CompletableFuture<Outcome<String>> hung = batcher.submit("a", Deadline.none());
        CompletableFuture<Outcome<String>> waiting = batcher.submit("b", Deadline.none());

        assertThat(batcher.giveUp(inside.join(), hangs)).isTrue();

        assertThat(codeOf(hung)).isEqualTo(FailureCode.ENGINE_FAULT);
        assertThat(codeOf(waiting)).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThat(codeOf(batcher.submit("c", Deadline.none()))).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        back.countDown();
        while (batcher.hangs()) {
            Thread.onSpinWait();
        }
        assertThat(batcher.submit("d", Deadline.none()).join().orElseThrow()).isEqualTo("d");
        assertThat(batcher.close(Duration.ofSeconds(10))).isTrue();
    }

    private static Batcher<String, String> started(BatchPolicy policy, BatchRunner<String, String> runner) {
        return Batcher.<String, String>of("m", "1")
                .policy(policy)
                .runners(List.of(runner))
                .start();
    }

    private static FailureCode codeOf(CompletableFuture<Outcome<String>> answer) {
        return ((Outcome.Failed<String>) answer.join()).failure().code();
    }

    private static void inParallel(int clients, java.util.function.IntConsumer work) {
        List<Throwable> thrown = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = IntStream.range(0, clients)
                .mapToObj(client -> new Thread(() -> {
                    try {
                        work.accept(client);
                    } catch (Throwable e) {
                        thrown.add(e);
                    }
                }))
                .toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        assertThat(thrown).isEmpty();
    }
}
