package dev.gnserve.batching;

import static java.lang.System.Logger.Level.ERROR;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Runs submitted items in batches of exactly equal shape on a few workers. Thread-safe.
 *
 * <p>What it promises:
 *
 * <ul>
 *   <li>every accepted item gets exactly one outcome, its own, also when the batcher closes;
 *   <li>a full queue refuses at once ({@code OVERLOADED}, with the estimated time until the queue is processed);
 *   <li>an item whose deadline has passed, or whose future the caller has completed, is dropped before it runs;
 *   <li>when a batch fails, each of its items runs again alone, so that only the faulty item fails;
 *   <li>an item is refused at once if its deadline will pass before the items ahead of it are processed;
 *   <li>neither a shape nor a priority starves (see {@link BatchQueue}), and with an idle worker and no maximum delay an
 *       item runs at once;
 *   <li>a batch starts early enough for the earliest deadline in it, by the measured times (see
 *       {@link ServiceRate#leadNanos});
 *   <li>a batch that hangs in its runner can be given up (see {@link #giveUp}): the batcher refuses all items until that
 *       batch returns;
 *   <li>a worker takes a thread only while there is work (see {@link Workers});
 *   <li>a worker that dies is replaced; if that fails, the batcher is broken and refuses all items from then on.
 * </ul>
 *
 * <p>Deadlines are checked when the queue is used and when an item is done, not by a timer. A caller that needs the outcome
 * exactly at the deadline completes the future itself, which also removes the item from the queue.
 */
public final class Batcher<T, R> {

    private static final System.Logger LOG = System.getLogger(Batcher.class.getName());

    /** A thread of a worker and its team in the engine cost little to make, but many idle ones cost memory. */
    private static final Duration LONGEST_IDLE = Duration.ofSeconds(10);

    private final String model;
    private final String version;
    private final Function<? super T, ?> shape;
    private final BatchListener listener;
    private final Ticker ticker;
    private final BatchQueue<T, R> queue;
    private final Refusals refusals;
    private final RunningBatches<T, R> running;
    private final BatchExecution<T, R> execution;
    private final Set<RunningBatch<T, R>> unfinished = ConcurrentHashMap.newKeySet();
    private final Workers<T, R> workers;
    private final @Nullable Supplier<? extends BatchRunner<T, R>> replacement;
    private final Consumer<Failure> whenBroken;
    private final AtomicReference<@Nullable Failure> broken = new AtomicReference<>();
    private volatile boolean abandoned;

    private Batcher(Builder<T, R> builder) {
        model = builder.model;
        version = builder.version;
        shape = builder.shape;
        listener = builder.listener;
        ticker = builder.ticker;
        ServiceRate rate = new ServiceRate(builder.runners.size());
        refusals = new Refusals(model, builder.policy.queueCapacity(), rate);
        queue = new BatchQueue<>(builder.policy, ticker, refusals, rate::leadNanos, builder.maxSize);
        running = new RunningBatches<>(queue);
        execution = new BatchExecution<>(model, version, listener, ticker, rate, running);
        replacement = builder.replacement;
        whenBroken = builder.whenBroken;
        workers = new Workers<>(
                "model " + model + " version " + version, queue, builder.threads, builder.longestIdle, new Work());
    }

    /** A builder of the batcher of one version of one model. Its events and failures carry these names. */
    public static <T, R> Builder<T, R> of(String model, String version) {
        return new Builder<>(model, version);
    }

    /** Completes when the first worker is prepared, exceptionally if it cannot be. The others are prepared when they are needed. */
    public CompletableFuture<Void> ready() {
        return workers.ready();
    }

    /** Queues an item of the default priority. */
    public CompletableFuture<Outcome<R>> submit(T item, Deadline deadline) {
        return submit(item, deadline, Priority.DEFAULT);
    }

    /** Queues the only item of a request. */
    public CompletableFuture<Outcome<R>> submit(T item, Deadline deadline, Priority priority) {
        return submit(item, deadline, priority, null);
    }

    /**
     * Queues an item.
     *
     * @param turns of the item's request; null if this is its only item
     * @return completes with the item's outcome, never exceptionally, on a worker's thread or on a thread that uses this
     *     batcher: dependent stages must be fast or run on another thread. Cancelling or completing it gives the item up
     */
    public CompletableFuture<Outcome<R>> submit(T item, Deadline deadline, Priority priority, @Nullable Turns turns) {
        PendingItem<T, R> pending = new PendingItem<>(
                item,
                shape.apply(item),
                deadline,
                priority,
                ticker.nanos(),
                listener.submitted(),
                turns,
                queue::remove);
        if (deadline.passed(pending.arrivedNanos)) {
            pending.expire("on its way to the queue");
            return pending.future;
        }
        if (deadline.isBounded() && refusedAsTooLate(pending)) {
            return pending.future;
        }
        List<PendingItem<T, R>> displaced = new ArrayList<>(1);
        Failure refusal = queue.offer(pending, displaced);
        if (refusal != null) {
            pending.fail(refusal);
        } else {
            workers.wake();
        }
        displaced.forEach(last -> last.fail(refusals.displaced()));
        return pending.future;
    }

    /**
     * Why an item of the default priority would be refused now; null if it would be accepted. Called before the expensive
     * part of making an item, so that a flood of refused requests does not take the processor from the others. The item
     * itself may still be refused.
     */
    public @Nullable Failure refusal(Deadline deadline) {
        Failure refusal = queue.refusal(Priority.DEFAULT);
        if (refusal != null || !deadline.isBounded()) {
            return refusal;
        }
        long now = ticker.nanos();
        return refusals.tooLate(deadline, now, queue.countBefore(now, Priority.DEFAULT));
    }

    /** Refuses an item now if the items ahead of it alone take longer than its deadline allows. */
    private boolean refusedAsTooLate(PendingItem<T, R> pending) {
        Failure failure = refusals.tooLate(
                pending.deadline, pending.arrivedNanos, queue.countBefore(pending.arrivedNanos, pending.priority));
        if (failure != null) {
            pending.fail(failure);
        }
        return failure != null;
    }

    /** The number of waiting items. */
    public int depth() {
        return queue.size();
    }

    /**
     * Refuses new items, lets the workers finish the accepted ones for at most {@code drainTime}, then completes the
     * remaining ones with {@code SHUTTING_DOWN}.
     *
     * @return whether every accepted item was finished and every worker has ended. A worker whose batch is still in the
     *     engine ends when the batch returns
     */
    public boolean close(Duration drainTime) {
        queue.close(closedFailure());
        boolean ended = workers.awaitEnd(drainTime);
        List<PendingItem<T, R>> left = new ArrayList<>(queue.drain());
        // A batch that a worker has just taken is either in the set here, or run() sees this flag.
        abandoned = true;
        unfinished.forEach(batch -> left.addAll(batch.items));
        left.forEach(pending -> pending.fail(closedFailure()));
        return ended && left.isEmpty();
    }

    /**
     * Gives up the batch that is in a worker's {@link BatchRunner#run}, for example because it hangs. A thread in native
     * code cannot be stopped, but nothing has to wait for it.
     *
     * <p>The items of the batch fail at once and do not run again. The batcher is suspended until the runner returns:
     * waiting and new items fail at once as {@code MODEL_UNAVAILABLE}, with the failure's detail. Then the batcher accepts
     * items again and drops the late result. If several batches were given up, the suspension ends when the last of them
     * returns.
     *
     * @param worker the thread on which {@code run} was called
     * @param failure the outcome of the batch's items
     * @return false if the worker is not in its runner, or has just returned; then nothing changes
     */
    public boolean giveUp(Thread worker, Failure failure) {
        return running.giveUp(worker, failure);
    }

    /** Whether a batch that was given up is still in its runner. The batcher is suspended as long as one is. */
    public boolean hangs() {
        return running.hangs();
    }

    /** Runs one batch on the calling thread if one is ready; returns whether one was. */
    boolean runReady(BatchRunner<T, R> runner) {
        List<PendingItem<T, R>> batch = queue.poll();
        if (batch.isEmpty()) {
            return false;
        }
        run(runner, batch);
        return true;
    }

    /** What the workers do. */
    private final class Work implements Workers.Work<T, R> {

        @Override
        public void run(BatchRunner<T, R> runner, List<PendingItem<T, R>> batch) {
            Batcher.this.run(runner, batch);
        }

        @Override
        public BatchRunner<T, R> replace(BatchRunner<T, R> dead, Throwable cause) {
            BatchRunner<T, R> next = replacement == null ? dead : replacement.get();
            listener.workerReplaced(new WorkerReplaced(model, version, cause));
            return next;
        }

        @Override
        public void breakDown(String why, @Nullable Throwable cause) {
            Batcher.this.breakDown(why, cause);
        }

        @Override
        public void failWaiting(String why, Throwable cause) {
            LOG.log(ERROR, why, cause);
            Failure failure = Failure.of(FailureCode.MODEL_UNAVAILABLE, why + ": " + cause, cause);
            queue.drain().forEach(pending -> pending.fail(failure));
        }
    }

    private void breakDown(String why, @Nullable Throwable cause) {
        Failure failure = Failure.of(FailureCode.MODEL_UNAVAILABLE, why, cause);
        if (broken.compareAndSet(null, failure)) {
            LOG.log(ERROR, why, cause);
            queue.close(failure);
            queue.drain().forEach(pending -> pending.fail(failure));
            whenBroken.accept(failure);
        }
    }

    private void run(BatchRunner<T, R> runner, List<PendingItem<T, R>> items) {
        RunningBatch<T, R> batch = new RunningBatch<>(items);
        unfinished.add(batch);
        try {
            if (abandoned) {
                items.forEach(pending -> pending.fail(closedFailure()));
            } else {
                execution.run(runner, batch);
            }
        } finally {
            unfinished.remove(batch);
        }
    }

    private Failure closedFailure() {
        Failure known = broken.get();
        return known != null
                ? known
                : Failure.of(FailureCode.SHUTTING_DOWN, "model " + model + " version " + version + " is being closed");
    }

    /** Builds a {@link Batcher}. Not thread-safe. */
    public static final class Builder<T, R> {

        private final String model;
        private final String version;
        private BatchPolicy policy = BatchPolicy.DEFAULT;
        private Function<? super T, ?> shape = item -> "any";
        private ToIntFunction<? super T> maxSize = item -> Integer.MAX_VALUE;
        private List<? extends BatchRunner<T, R>> runners = List.of();
        private BatchListener listener = batch -> {};
        private Ticker ticker = Ticker.system();
        private ThreadFactory threads = Thread::new;
        private Duration longestIdle = LONGEST_IDLE;
        private @Nullable Supplier<? extends BatchRunner<T, R>> replacement;
        private Consumer<Failure> whenBroken = failure -> {};

        private Builder(String model, String version) {
            this.model = model;
            this.version = version;
        }

        public Builder<T, R> policy(BatchPolicy chosen) {
            policy = chosen;
            return this;
        }

        /** The key that must be equal for items to share a batch. By default all items may share one. */
        public Builder<T, R> shape(Function<? super T, ?> key) {
            shape = key;
            return this;
        }

        /** The most items of the shape of this one in one batch, where that is fewer than the policy's. */
        public Builder<T, R> maxSize(ToIntFunction<? super T> limit) {
            maxSize = limit;
            return this;
        }

        /** One runner per worker. The first worker starts with the batcher. */
        public Builder<T, R> runners(List<? extends BatchRunner<T, R>> perWorker) {
            runners = List.copyOf(perWorker);
            return this;
        }

        public Builder<T, R> listener(BatchListener chosen) {
            listener = chosen;
            return this;
        }

        public Builder<T, R> ticker(Ticker chosen) {
            ticker = chosen;
            return this;
        }

        /** Makes the workers' threads. */
        public Builder<T, R> threads(ThreadFactory factory) {
            threads = factory;
            return this;
        }

        /** How long a worker that finds no batch keeps its thread. */
        Builder<T, R> longestIdle(Duration time) {
            longestIdle = time;
            return this;
        }

        /** Makes the runner for the replacement of a dead worker. By default the dead worker's runner is used again. */
        public Builder<T, R> replacement(Supplier<? extends BatchRunner<T, R>> factory) {
            replacement = factory;
            return this;
        }

        /** Called at most once, with the reason, when the batcher breaks: it then refuses all items without being closed. */
        public Builder<T, R> whenBroken(Consumer<Failure> callback) {
            whenBroken = callback;
            return this;
        }

        /** Starts the first worker. */
        public Batcher<T, R> start() {
            if (runners.isEmpty()) {
                throw new IllegalArgumentException("a batcher needs at least one runner");
            }
            Batcher<T, R> batcher = new Batcher<>(this);
            batcher.workers.start(runners);
            return batcher;
        }

        /** A batcher without workers, for tests: a batch runs when {@link Batcher#runReady} is called. */
        Batcher<T, R> stepped() {
            return new Batcher<>(this);
        }
    }
}
