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
 *   <li>a full queue refuses at once ({@code OVERLOADED}, with the time in which the measured rate works off the queue);
 *   <li>an item whose deadline passed or whose future was completed by the caller is dropped before it runs;
 *   <li>an item that makes its batch fail is run again alone, as its mates are, so that only it fails;
 *   <li>a deadline that passes before the items ahead can be worked off is refused at once;
 *   <li>neither a shape nor a priority starves (see {@link BatchQueue}), and with an idle worker and no maximum delay an
 *       item runs at once;
 *   <li>an idle worker does not wait for batch mates until it is too late: a batch starts early enough for the most
 *       pressing deadline in it, as far as measured times tell (see {@link ServiceRate#leadNanos});
 *   <li>a batch that hangs in its runner can be given up (see {@link #giveUp}): the batcher refuses all items until that
 *       batch returns;
 *   <li>a worker takes a thread only while there is work (see {@link Workers});
 *   <li>a worker that dies is replaced; when it cannot be, the batcher is broken and refuses all items for good.
 * </ul>
 *
 * <p>Deadlines are looked at when the queue is used and when an item is done, not by a timer. A caller that needs the
 * answer at that very moment completes the future itself, which also takes the item out of the queue.
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
    private final Passes<T, R> passes;
    private final BatchExecution<T, R> execution;
    private final Set<RunningBatch<T, R>> running = ConcurrentHashMap.newKeySet();
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
        queue = new BatchQueue<>(builder.policy, ticker, refusals, rate::leadNanos, builder.mostAtOnce);
        passes = new Passes<>(queue);
        execution = new BatchExecution<>(model, version, listener, ticker, rate, passes);
        replacement = builder.replacement;
        whenBroken = builder.whenBroken;
        workers = new Workers<>(
                "model " + model + " version " + version, queue, builder.threads, builder.longestIdle, new Work());
    }

    /** A builder of the batcher of one version of one model; the names go into its events and failures. */
    public static <T, R> Builder<T, R> of(String model, String version) {
        return new Builder<>(model, version);
    }

    /** Completes when the first worker is prepared, exceptionally when it cannot be. Others are prepared when they are needed. */
    public CompletableFuture<Void> ready() {
        return workers.ready();
    }

    /** Queues an item of the default priority. */
    public CompletableFuture<Outcome<R>> submit(T item, Deadline deadline) {
        return submit(item, deadline, Priority.DEFAULT);
    }

    /**
     * Queues an item.
     *
     * @return completes with the item's outcome, never exceptionally, on a worker's thread or on one that uses this
     *     batcher: what depends on it must be quick or run elsewhere. Cancelling or completing it gives the item up
     */
    public CompletableFuture<Outcome<R>> submit(T item, Deadline deadline, Priority priority) {
        Pending<T, R> pending = new Pending<>(
                item, shape.apply(item), deadline, priority, ticker.nanos(), listener.submitted(), queue::remove);
        if (deadline.passed(pending.arrivedNanos)) {
            pending.expire("on its way to the queue");
            return pending.future;
        }
        if (deadline.isBounded() && refusedAsTooLate(pending)) {
            return pending.future;
        }
        List<Pending<T, R>> displaced = new ArrayList<>(1);
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
     * Why an item of the default priority would be refused now; null if it would not. For callers to whom making an item
     * costs something: refusing must cost next to nothing, or a flood of requests that are refused takes the processor
     * from those that are not. The item itself may be refused nevertheless.
     */
    public @Nullable Failure refusal(Deadline deadline) {
        Failure refusal = queue.refusal(Priority.DEFAULT);
        if (refusal != null || !deadline.isBounded()) {
            return refusal;
        }
        long now = ticker.nanos();
        return refusals.tooLate(deadline, now, queue.countBefore(now, Priority.DEFAULT));
    }

    /** Refuses an item when the items ahead alone take longer than it may wait: a late refusal helps less than an early one. */
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
        queue.close(closedFailure());
        boolean ended = workers.awaitEnd(drainTime);
        List<Pending<T, R>> left = new ArrayList<>(queue.drain());
        // A batch just taken is either seen among the running ones here or sees this flag in run().
        abandoned = true;
        running.forEach(batch -> left.addAll(batch.items));
        left.forEach(pending -> pending.fail(closedFailure()));
        return ended && left.isEmpty();
    }

    /**
     * Gives up the batch that a worker's {@link BatchRunner#run} works on, for example because it hangs. A thread in native
     * code cannot be stopped, but nothing needs to wait for it.
     *
     * <p>The batch's items fail at once, and none of them runs again. Until the worker is back from its runner the batcher is
     * suspended: what waits fails at once with the failure's detail as {@code MODEL_UNAVAILABLE}, and so do new items. Then
     * the batcher takes items again; the late result is thrown away. With several batches given up, the last one that
     * returns ends the suspension.
     *
     * @param worker the thread on which {@code run} was called
     * @param failure of the batch's items
     * @return whether the worker is inside its runner; false also when it returned just now, and then nothing changes
     */
    public boolean giveUp(Thread worker, Failure failure) {
        return passes.giveUp(worker, failure);
    }

    /** Whether a batch that was given up is still in its runner; the batcher is suspended as long as one is. */
    public boolean hangs() {
        return passes.hangs();
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

    /** What the workers do. */
    private final class Work implements Workers.Work<T, R> {

        @Override
        public void run(BatchRunner<T, R> runner, List<Pending<T, R>> batch) {
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

    private void run(BatchRunner<T, R> runner, List<Pending<T, R>> items) {
        RunningBatch<T, R> batch = new RunningBatch<>(items);
        running.add(batch);
        try {
            if (abandoned) {
                items.forEach(pending -> pending.fail(closedFailure()));
            } else {
                execution.run(runner, batch);
            }
        } finally {
            running.remove(batch);
        }
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
        private ToIntFunction<? super T> mostAtOnce = item -> Integer.MAX_VALUE;
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

        /** What must be equal for items to share a batch; without it all items may. */
        public Builder<T, R> shape(Function<? super T, ?> key) {
            shape = key;
            return this;
        }

        /** The most items of the shape of this one in one batch, where that is fewer than the policy's. */
        public Builder<T, R> mostAtOnce(ToIntFunction<? super T> limit) {
            mostAtOnce = limit;
            return this;
        }

        /** One per worker; the first starts with the batcher. */
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

        /** Where the workers' threads come from. */
        public Builder<T, R> threads(ThreadFactory factory) {
            threads = factory;
            return this;
        }

        /** How long a worker that finds no batch keeps its thread. */
        Builder<T, R> longestIdle(Duration time) {
            longestIdle = time;
            return this;
        }

        /** Makes the runner of a worker that replaces a dead one; without it the runner of the dead one is used again. */
        public Builder<T, R> replacement(Supplier<? extends BatchRunner<T, R>> factory) {
            replacement = factory;
            return this;
        }

        /** Hears, once at most, why the batcher is broken: it serves no more although it was not closed. */
        public Builder<T, R> whenBroken(Consumer<Failure> hearing) {
            whenBroken = hearing;
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

        /** Without workers: batches run when {@link Batcher#runReady} is called. */
        Batcher<T, R> stepped() {
            return new Batcher<>(this);
        }
    }
}
