package dev.gnserve.batching;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs submitted items in batches of exactly equal shape on a few workers. Thread-safe.
 *
 * <p>What it promises:
 *
 * <ul>
 *   <li>every accepted item gets exactly one outcome, its own, also when the batcher closes;
 *   <li>a full queue refuses at once ({@code OVERLOADED}, with the time in which the measured rate works off the queue);
 *   <li>an item whose deadline passed or whose future was completed by the caller is dropped before it runs;
 *   <li>an item that makes its batch fail is run again alone, as its mates are, so that only it fails;
 *   <li>a deadline that passes before the items ahead can be worked off is refused at once;
 *   <li>neither a shape nor a priority starves (see {@link BatchQueue}), and with an idle worker and no maximum delay an
 *       item runs at once;
 *   <li>a worker that dies is replaced, and a batch that hangs in the engine fails (see {@link #failHung}): then, as when
 *       no worker can be replaced, the batcher is broken and refuses all items.
 * </ul>
 *
 * <p>Deadlines are looked at when an item is taken and when it is done, not by a timer: whoever needs the answer at that
 * very moment completes the future itself, which also takes the item out of the queue.
 */
public final class Batcher<T, R> {

    private static final System.Logger LOG = System.getLogger(Batcher.class.getName());

    private final String model;
    private final String version;
    private final Function<? super T, ?> shape;
    private final BatchListener listener;
    private final Ticker ticker;
    private final BatchQueue<T, R> queue;
    private final BatchPolicy policy;
    private final Refusals refusals;
    private final Set<RunningBatch<T, R>> running = ConcurrentHashMap.newKeySet();
    private final List<Thread> workers = new CopyOnWriteArrayList<>();
    private final ThreadFactory threads;
    private final @Nullable Supplier<? extends BatchRunner<T, R>> replacement;
    private final Duration hungAfter;
    private final Consumer<Failure> whenBroken;
    private final CompletableFuture<Void> ready;
    private final AtomicReference<@Nullable Failure> broken = new AtomicReference<>();
    private volatile boolean abandoned;

    private Batcher(Builder<T, R> builder) {
        model = builder.model;
        version = builder.version;
        shape = builder.shape;
        listener = builder.listener;
        ticker = builder.ticker;
        policy = builder.policy;
        queue = new BatchQueue<>(policy, ticker);
        refusals = new Refusals(model, policy.queueCapacity(), builder.runners.size());
        threads = builder.threads;
        replacement = builder.replacement;
        hungAfter = builder.hungAfter;
        whenBroken = builder.whenBroken;
        List<CompletableFuture<Void>> prepared = new ArrayList<>();
        for (BatchRunner<T, R> runner : builder.runners) {
            CompletableFuture<Void> workerReady = new CompletableFuture<>();
            prepared.add(workerReady);
            workers.add(threads.newThread(() -> work(runner, workerReady)));
        }
        ready = CompletableFuture.allOf(prepared.toArray(CompletableFuture<?>[]::new));
    }

    /** A builder of the batcher of one version of one model; the names go into its events and failures. */
    public static <T, R> Builder<T, R> of(String model, String version) {
        return new Builder<>(model, version);
    }

    /** Completes when every worker is prepared, exceptionally when one cannot be. */
    public CompletableFuture<Void> ready() {
        return ready;
    }

    /** Queues an item of the default priority. */
    public CompletableFuture<Outcome<R>> submit(T item, Deadline deadline) {
        return submit(item, deadline, Priority.DEFAULT);
    }

    /**
     * Queues an item.
     *
     * @return completes with the item's outcome, never exceptionally, on a worker's thread: what depends on it must be
     *     quick or run elsewhere. Cancelling or completing it gives the item up
     */
    public CompletableFuture<Outcome<R>> submit(T item, Deadline deadline, Priority priority) {
        Pending<T, R> pending =
                new Pending<>(item, shape.apply(item), deadline, priority, ticker.nanos(), listener.submitted());
        if (deadline.passed(pending.arrivedNanos)) {
            pending.expire("on its way to the queue");
            return pending.future;
        }
        if (deadline.isBounded() && refusedAsTooLate(pending)) {
            return pending.future;
        }
        List<Pending<T, R>> displaced = new ArrayList<>(1);
        switch (queue.offer(pending, displaced)) {
            case ACCEPTED -> {
                CompletableFuture<?> unused = pending.future.whenComplete((outcome, thrown) -> queue.remove(pending));
            }
            case FULL -> pending.fail(refusals.full());
            case CLOSED -> pending.fail(closedFailure());
        }
        displaced.forEach(last -> last.fail(refusals.displaced()));
        return pending.future;
    }

    /**
     * Why an item of the default priority would be refused now; null if it would not. For those to whom making an item
     * costs something: refusing must cost next to nothing, or a flood of requests that are refused takes the processor
     * from those that are not. The item itself may be refused nevertheless.
     */
    public @Nullable Failure refusal(Deadline deadline) {
        if (queue.isFullFor(Priority.DEFAULT)) {
            return refusals.full();
        }
        long now = ticker.nanos();
        return deadline.isBounded() ? refusals.tooLate(deadline, now, queue.countBefore(now, Priority.DEFAULT)) : null;
    }

    /** The items ahead alone take longer than the item may wait: whoever asks is better told now than then. */
    private boolean refusedAsTooLate(Pending<T, R> pending) {
        Failure failure = refusals.tooLate(
                pending.deadline, pending.arrivedNanos, queue.countBefore(pending.arrivedNanos, pending.priority));
        if (failure != null) {
            pending.fail(failure);
        }
        return failure != null;
    }

    /** How many items wait. */
    public int depth() {
        return queue.size();
    }

    /**
     * Accepts nothing more, lets the workers finish what was accepted for at most {@code drainTime}, then completes what
     * is left with {@code SHUTTING_DOWN}.
     *
     * @return whether everything accepted was finished and every worker has ended; a batch that is still in the engine
     *     afterwards keeps its worker until it returns
     */
    public boolean close(Duration drainTime) {
        queue.close();
        boolean ended = true;
        try {
            long until = System.nanoTime() + drainTime.toNanos();
            for (int i = 0; i < workers.size(); i++) { // By number: a worker may be replaced meanwhile.
                Thread worker = workers.get(i);
                long leftMillis = Math.max(0, (until - System.nanoTime()) / 1_000_000);
                if (leftMillis > 0) {
                    worker.join(leftMillis);
                }
                ended &= !worker.isAlive();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            ended = false;
        }
        List<Pending<T, R>> left = new ArrayList<>(queue.drain());
        // A batch just taken is either seen among the running ones here or sees this flag in run().
        abandoned = true;
        running.forEach(batch -> left.addAll(batch.items));
        left.forEach(pending -> pending.fail(closedFailure()));
        return ended && left.isEmpty();
    }

    /**
     * The watchdog's look, to be taken now and then: when a batch has been in the engine for longer than it may, its items
     * fail and the batcher is broken. A thread in native code cannot be stopped; only the end of the process frees it.
     *
     * @return whether a batch hangs
     */
    public boolean failHung() {
        long now = ticker.nanos();
        for (RunningBatch<T, R> batch : running) {
            if (!batch.hung && now - batch.enteredNanos >= hungAfter.toNanos()) {
                batch.hung = true;
                Failure failure = Failure.of(
                        FailureCode.ENGINE_FAULT,
                        "a forward pass of model " + model + " has not returned for " + hungAfter.toSeconds() + " s");
                batch.items.forEach(pending -> pending.fail(failure));
                breakDown(failure.detail() + "; the process has to be restarted", null);
            }
        }
        return hangs();
    }

    /** Whether a batch that was found hung is still in the engine. */
    public boolean hangs() {
        return running.stream().anyMatch(batch -> batch.hung);
    }

    /** Takes and runs one batch on the calling thread if one is ready now. */
    boolean runReady(BatchRunner<T, R> runner) {
        List<Pending<T, R>> batch = queue.poll();
        if (batch.isEmpty()) {
            return false;
        }
        run(runner, batch);
        return true;
    }

    private void start() {
        workers.forEach(Thread::start);
    }

    private void work(BatchRunner<T, R> runner, CompletableFuture<Void> workerReady) {
        Throwable death = null;
        try {
            runner.prepare();
            workerReady.complete(null);
            for (List<Pending<T, R>> batch = queue.take(); batch != null; batch = queue.take()) {
                run(runner, batch);
            }
        } catch (Throwable thrown) {
            if (!workerReady.completeExceptionally(thrown)) {
                death = thrown;
            }
        } finally {
            runner.close();
        }
        if (death != null) {
            replace(runner, death);
        }
    }

    /** On the thread that dies, so that closing waits for this thread and then for the new one. */
    private void replace(BatchRunner<T, R> dead, Throwable cause) {
        LOG.log(
                ERROR,
                () -> "a worker of model " + model + " version " + version + " died; another replaces it",
                cause);
        try {
            BatchRunner<T, R> next = replacement == null ? dead : replacement.get();
            CompletableFuture<Void> nextReady = new CompletableFuture<>();
            Thread worker = threads.newThread(() -> {
                work(next, nextReady);
                if (nextReady.isCompletedExceptionally()) {
                    breakDown("a dead worker of model " + model + " could not be replaced", cause);
                }
            });
            workers.add(worker);
            worker.start();
            listener.workerReplaced(new WorkerReplaced(model, version, cause));
        } catch (RuntimeException | Error e) {
            e.addSuppressed(cause);
            breakDown("a dead worker of model " + model + " could not be replaced", e);
        }
    }

    private void breakDown(String why, @Nullable Throwable cause) {
        Failure failure = Failure.of(FailureCode.MODEL_UNAVAILABLE, why, cause);
        if (broken.compareAndSet(null, failure)) {
            LOG.log(ERROR, why, cause);
            queue.close();
            queue.drain().forEach(pending -> pending.fail(failure));
            whenBroken.accept(failure);
        }
    }

    private void run(BatchRunner<T, R> runner, List<Pending<T, R>> items) {
        RunningBatch<T, R> batch = new RunningBatch<>(items, ticker.nanos());
        running.add(batch);
        try {
            run(runner, batch);
        } finally {
            running.remove(batch);
            if (!items.stream().allMatch(Pending::isDone)) {
                // Only when the worker dies of something else than its runner.
                Failure failure =
                        Failure.of(FailureCode.ENGINE_FAULT, "the worker of model " + model + " died with this input");
                items.forEach(pending -> pending.fail(failure));
            }
        }
    }

    private void run(BatchRunner<T, R> runner, RunningBatch<T, R> running) {
        List<Pending<T, R>> batch = running.items;
        if (abandoned) {
            batch.forEach(pending -> pending.fail(closedFailure()));
            return;
        }
        Failure failure = attempt(runner, batch, true);
        if (failure == null) {
            return;
        }
        if (batch.size() == 1) {
            batch.get(0).fail(failure);
            return;
        }
        for (Pending<T, R> pending : batch) {
            running.enteredNanos = ticker.nanos();
            retryAlone(runner, pending);
        }
    }

    private void retryAlone(BatchRunner<T, R> runner, Pending<T, R> pending) {
        if (pending.isDone()) {
            return;
        }
        if (pending.deadline.passed(ticker.nanos())) {
            pending.expire("in the engine");
            return;
        }
        Failure failure = attempt(runner, List.of(pending), false);
        if (failure != null) {
            pending.fail(failure);
        }
    }

    /** Runs a batch; its items are answered unless the failure is returned. */
    private @Nullable Failure attempt(BatchRunner<T, R> runner, List<Pending<T, R>> batch, boolean first) {
        long startedNanos = ticker.nanos();
        List<BatchedItem> items = batch.stream()
                .map(pending -> new BatchedItem(pending.waitedUntil(startedNanos), pending.origin))
                .toList();
        BatchRun<R> run;
        try {
            run = runner.run(batch.stream().map(pending -> pending.item).toList());
        } catch (Throwable thrown) {
            Failure failure = failureOf(thrown);
            if (batch.size() == 1) {
                LOG.log(ERROR, () -> "an item failed in model " + model + " version " + version, thrown);
            } else {
                LOG.log(
                        WARNING,
                        () -> "a batch of " + batch.size() + " failed in model " + model + " version " + version
                                + "; its items run again alone: " + thrown);
            }
            Duration elapsed = Duration.ofNanos(ticker.nanos() - startedNanos);
            StageTimes stages = new StageTimes(Duration.ZERO, elapsed, Duration.ZERO);
            announce(new BatchCompleted(model, version, items, !first, stages, failure.code()));
            return failure;
        }
        long endedNanos = ticker.nanos();
        refusals.measured(endedNanos - startedNanos, batch.size());
        if (run.results().size() != batch.size()) {
            // Results cannot be told apart any more: better no answer than somebody else's.
            Failure failure = Failure.of(
                    FailureCode.ENGINE_FAULT,
                    "model " + model + " gave " + run.results().size() + " results for " + batch.size() + " inputs");
            LOG.log(ERROR, failure.detail());
            announce(new BatchCompleted(model, version, items, !first, run.stages(), failure.code()));
            batch.forEach(pending -> pending.fail(failure));
            return null;
        }
        announce(new BatchCompleted(model, version, items, !first, run.stages(), null));
        for (int i = 0; i < batch.size(); i++) {
            Pending<T, R> pending = batch.get(i);
            if (pending.deadline.passed(endedNanos)) {
                pending.expire("in the engine");
            } else {
                pending.succeed(
                        run.results().get(i), new BatchTiming(items.get(i).queueWait(), run.stages(), batch.size()));
            }
        }
        return null;
    }

    private void announce(BatchCompleted event) {
        try {
            listener.batchCompleted(event);
        } catch (RuntimeException e) {
            LOG.log(WARNING, "a batch listener failed", e);
        }
    }

    private Failure failureOf(Throwable thrown) {
        if (thrown instanceof FailureException known) {
            return known.failure();
        }
        return Failure.of(FailureCode.ENGINE_FAULT, "model " + model + " failed on this input", thrown);
    }

    private Failure closedFailure() {
        Failure known = broken.get();
        return known != null
                ? known
                : Failure.of(FailureCode.SHUTTING_DOWN, "model " + model + " version " + version + " is being closed");
    }

    /** Collects what a {@link Batcher} is made of. */
    public static final class Builder<T, R> {

        private final String model;
        private final String version;
        private BatchPolicy policy = BatchPolicy.DEFAULT;
        private Function<? super T, ?> shape = item -> "any";
        private List<? extends BatchRunner<T, R>> runners = List.of();
        private BatchListener listener = batch -> {};
        private Ticker ticker = Ticker.system();
        private ThreadFactory threads = Thread::new;
        private @Nullable Supplier<? extends BatchRunner<T, R>> replacement;
        private Duration hungAfter = Duration.ofDays(1);
        private Consumer<Failure> whenBroken = failure -> {};

        private Builder(String model, String version) {
            this.model = model;
            this.version = version;
        }

        public Builder<T, R> policy(BatchPolicy chosen) {
            policy = chosen;
            return this;
        }

        /** What must be equal for items to share a batch; without it all items may. */
        public Builder<T, R> shape(Function<? super T, ?> key) {
            shape = key;
            return this;
        }

        /** One per worker. */
        public Builder<T, R> runners(List<? extends BatchRunner<T, R>> perWorker) {
            runners = List.copyOf(perWorker);
            return this;
        }

        public Builder<T, R> listener(BatchListener hearing) {
            listener = hearing;
            return this;
        }

        public Builder<T, R> ticker(Ticker chosen) {
            ticker = chosen;
            return this;
        }

        /** Where the workers' threads come from; they live as long as the batcher. */
        public Builder<T, R> threads(ThreadFactory factory) {
            threads = factory;
            return this;
        }

        /** Makes the runner of a worker that replaces a dead one; without it the runner of the dead one is used again. */
        public Builder<T, R> replacement(Supplier<? extends BatchRunner<T, R>> factory) {
            replacement = factory;
            return this;
        }

        /** How long a batch may be in the engine before {@link Batcher#failHung} gives it up; a day unless set. */
        public Builder<T, R> hungAfter(Duration longest) {
            hungAfter = longest;
            return this;
        }

        /** Hears, once at most, why the batcher serves no more although nobody closed it. */
        public Builder<T, R> whenBroken(Consumer<Failure> hearing) {
            whenBroken = hearing;
            return this;
        }

        /** Starts the workers. */
        public Batcher<T, R> start() {
            if (runners.isEmpty()) {
                throw new IllegalArgumentException("a batcher needs at least one runner");
            }
            Batcher<T, R> batcher = new Batcher<>(this);
            batcher.start();
            return batcher;
        }

        /** Without workers: batches run when {@link Batcher#runReady} is called. */
        Batcher<T, R> stepped() {
            return new Batcher<>(this);
        }
    }
}
