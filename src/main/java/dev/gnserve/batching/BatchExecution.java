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
 * Runs batches on the calling worker: every item of a batch has its outcome when {@link #run} ends, however it ends. An
 * item that makes its batch fail is found by running each item again alone. Thread-safe.
 */
final class BatchExecution<T, R> {

    private static final System.Logger LOG = System.getLogger(BatchExecution.class.getName());

    private final String model;
    private final String version;
    private final BatchListener listener;
    private final Ticker ticker;
    private final ServiceRate rate;
    private final RunningBatches<T, R> passes;

    BatchExecution(
            String model,
            String version,
            BatchListener listener,
            Ticker ticker,
            ServiceRate rate,
            RunningBatches<T, R> passes) {
        this.model = model;
        this.version = version;
        this.listener = listener;
        this.ticker = ticker;
        this.rate = rate;
        this.passes = passes;
    }

    void run(BatchRunner<T, R> runner, RunningBatch<T, R> batch) {
        try {
            runOrRetry(runner, batch);
        } finally {
            // Items are left when the batch was given up, or when the worker dies of something else than its runner.
            Failure givenUp = batch.givenUp;
            if (!batch.items.stream().allMatch(PendingItem::isDone)) {
                Failure failure = givenUp != null
                        ? givenUp
                        : Failure.of(
                                FailureCode.ENGINE_FAULT, "the worker of model " + model + " died with this input");
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
        if (items.size() == 1) {
            items.get(0).fail(failure);
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
     * @return null when the items have their outcome; otherwise why they have none
     */
    private @Nullable Failure attempt(
            BatchRunner<T, R> runner, RunningBatch<T, R> batch, List<PendingItem<T, R>> pendings, boolean first) {
        long startedNanos = ticker.nanos();
        List<BatchedItem> items = pendings.stream()
                .map(pending -> new BatchedItem(pending.waitedUntil(startedNanos), pending.origin))
                .toList();
        BatchResult<R> run = null;
        Failure failure = null;
        try {
            run = pass(runner, batch, pendings);
        } catch (Throwable thrown) {
            failure = failureOf(thrown);
            log(pendings.size(), thrown);
        }
        long endedNanos = ticker.nanos();
        // The result of a batch that was given up is thrown away, and its time is no measure of the others' time.
        failure = batch.givenUp != null ? batch.givenUp : failure;
        if (run == null || failure != null) {
            Failure why = Objects.requireNonNull(failure, "the runner returned or threw");
            StageTimes stages =
                    new StageTimes(Duration.ZERO, Duration.ofNanos(endedNanos - startedNanos), Duration.ZERO);
            announce(new BatchCompleted(model, version, items, !first, stages, why.code()));
            return why;
        }
        rate.record(endedNanos - startedNanos, pendings.size());
        if (run.results().size() != pendings.size()) {
            // Results cannot be told apart any more: no answer is better than the answer to another input.
            Failure mismatch = Failure.of(
                    FailureCode.ENGINE_FAULT,
                    "model " + model + " gave " + run.results().size() + " results for " + pendings.size() + " inputs");
            LOG.log(ERROR, mismatch.detail());
            announce(new BatchCompleted(model, version, items, !first, run.stages(), mismatch.code()));
            pendings.forEach(pending -> pending.fail(mismatch));
            return null;
        }
        announce(new BatchCompleted(model, version, items, !first, run.stages(), null));
        for (int i = 0; i < pendings.size(); i++) {
            PendingItem<T, R> pending = pendings.get(i);
            if (pending.deadline.passed(endedNanos)) {
                pending.expire("in the engine");
            } else {
                pending.succeed(
                        run.results().get(i), new BatchTiming(items.get(i).queueWait(), run.stages(), pendings.size()));
            }
        }
        return null;
    }

    private BatchResult<R> pass(BatchRunner<T, R> runner, RunningBatch<T, R> batch, List<PendingItem<T, R>> pendings)
            throws Exception {
        passes.enter(batch);
        try {
            return runner.run(pendings.stream().map(pending -> pending.item).toList());
        } finally {
            passes.leave(batch);
        }
    }

    private void log(int items, Throwable thrown) {
        if (items == 1) {
            LOG.log(ERROR, () -> "an item failed in model " + model + " version " + version, thrown);
        } else {
            LOG.log(
                    WARNING,
                    () -> "a batch of " + items + " failed in model " + model + " version " + version
                            + "; unless it was given up, its items run again alone: " + thrown);
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
