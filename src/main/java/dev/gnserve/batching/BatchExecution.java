package dev.gnserve.batching;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Runs batches on the calling worker. When {@link #run} ends, even by an exception, every item has its outcome. When a
 * batch fails, each of its items runs again alone, so that only the faulty item fails; not when the batch found no room, which is the
 * fault of no item. Thread-safe.
 */
final class BatchExecution<T, R> {

    private static final System.Logger LOG = System.getLogger(BatchExecution.class.getName());

    private final String model;
    private final String version;
    private final BatchListener listener;
    private final Ticker ticker;
    private final ServiceRate rate;
    private final RunningBatches<T, R> running;

    BatchExecution(
            String model,
            String version,
            BatchListener listener,
            Ticker ticker,
            ServiceRate rate,
            RunningBatches<T, R> running) {
        this.model = model;
        this.version = version;
        this.listener = listener;
        this.ticker = ticker;
        this.rate = rate;
        this.running = running;
    }

    void run(BatchRunner<T, R> runner, RunningBatch<T, R> batch) {
        try {
            runOrRetry(runner, batch);
        } finally {
            // Items have no outcome yet if the batch was given up, or if an error ends the worker.
            Failure givenUp = batch.givenUp;
            if (!batch.items.stream().allMatch(PendingItem::isDone)) {
                Failure failure = givenUp != null
                        ? givenUp
                        : Failure.of(FailureCode.ENGINE_FAULT, "the worker of model " + model + " died on this input");
                batch.items.forEach(pending -> pending.fail(failure));
            }
        }
    }

    private void runOrRetry(BatchRunner<T, R> runner, RunningBatch<T, R> batch) {
        List<PendingItem<T, R>> items = batch.items;
        Failure failure = attempt(runner, batch, items, true);
        if (failure == null || batch.givenUp != null) {
            return;
        }
        // The batch has waited for memory as long as a pass may. Each item alone could wait as long again.
        if (items.size() == 1 || failure.code() == FailureCode.OVERLOADED) {
            items.forEach(pending -> pending.fail(failure));
            return;
        }
        for (PendingItem<T, R> pending : items) {
            if (batch.givenUp != null) {
                return;
            }
            retryAlone(runner, batch, pending);
        }
    }

    private void retryAlone(BatchRunner<T, R> runner, RunningBatch<T, R> batch, PendingItem<T, R> pending) {
        if (pending.isDone()) {
            return;
        }
        if (pending.deadline.passed(ticker.nanos())) {
            pending.expire("in the engine");
            return;
        }
        Failure failure = attempt(runner, batch, List.of(pending), false);
        if (failure != null) {
            pending.fail(failure);
        }
    }

    /**
     * Runs a batch, or one item of it.
     *
     * @return why the items have no outcome; null if they have one
     */
    private @Nullable Failure attempt(
            BatchRunner<T, R> runner, RunningBatch<T, R> batch, List<PendingItem<T, R>> pendings, boolean first) {
        long startedNanos = ticker.nanos();
        List<BatchedItem> items = pendings.stream()
                .map(pending -> new BatchedItem(pending.waitedUntil(startedNanos), pending.origin))
                .toList();
        BatchResult<R> result = null;
        Failure failure = null;
        try {
            result = call(runner, batch, pendings);
        } catch (Throwable thrown) {
            failure = failureOf(thrown);
            log(pendings.size(), thrown);
        }
        long endedNanos = ticker.nanos();
        // A batch that was given up: its late result is dropped, and its time is not measured.
        failure = batch.givenUp != null ? batch.givenUp : failure;
        if (result == null || failure != null) {
            Failure why = Objects.requireNonNull(failure, "the runner returned or threw");
            StageTimes stages =
                    new StageTimes(Duration.ZERO, Duration.ofNanos(endedNanos - startedNanos), Duration.ZERO);
            announce(new BatchCompleted(model, version, items, !first, stages, why.code()));
            return why;
        }
        rate.record(endedNanos - startedNanos, pendings.size());
        List<R> results = result.results();
        if (results.size() != pendings.size()) {
            // It is unknown which result belongs to which input, so all of them fail.
            Failure mismatch = Failure.of(
                    FailureCode.ENGINE_FAULT,
                    "model " + model + " gave " + results.size() + " results for " + pendings.size() + " inputs");
            LOG.log(ERROR, mismatch.detail());
            announce(new BatchCompleted(model, version, items, !first, result.stages(), mismatch.code()));
            pendings.forEach(pending -> pending.fail(mismatch));
            return null;
        }
        announce(new BatchCompleted(model, version, items, !first, result.stages(), null));
        for (int i = 0; i < pendings.size(); i++) {
            PendingItem<T, R> pending = pendings.get(i);
            if (pending.deadline.passed(endedNanos)) {
                pending.expire("in the engine");
            } else {
                pending.succeed(
                        results.get(i), new BatchTiming(items.get(i).queueWait(), result.stages(), pendings.size()));
            }
        }
        return null;
    }

    private BatchResult<R> call(BatchRunner<T, R> runner, RunningBatch<T, R> batch, List<PendingItem<T, R>> pendings)
            throws Exception {
        running.enter(batch);
        try {
            return runner.run(pendings.stream().map(pending -> pending.item).toList());
        } finally {
            running.leave(batch);
        }
    }

    private void log(int items, Throwable thrown) {
        if (items == 1) {
            LOG.log(ERROR, () -> "an item failed in model " + model + " version " + version, thrown);
        } else {
            LOG.log(
                    WARNING,
                    () -> "a batch of " + items + " items failed in model " + model + " version " + version
                            + "; unless it was given up or found no room, its items run again one by one: " + thrown);
        }
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
}
