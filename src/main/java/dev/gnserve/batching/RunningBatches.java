package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The batches that are in a runner now, and those of them that were given up. The queue is suspended as long as there is a
 * batch that was given up. Thread-safe.
 *
 * <p>Giving up and returning use one lock: a batch can be given up only before it returns. So every suspension of the queue
 * ends.
 */
final class RunningBatches<T, R> {

    private final BatchQueue<T, R> queue;
    private final Map<Thread, RunningBatch<T, R>> inside = new HashMap<>(); // guarded by this
    private final Map<RunningBatch<T, R>, Failure> givenUp = new LinkedHashMap<>(); // guarded by this

    RunningBatches(BatchQueue<T, R> queue) {
        this.queue = queue;
    }

    /** The calling worker calls its runner now. */
    synchronized void enter(RunningBatch<T, R> batch) {
        inside.put(Thread.currentThread(), batch);
    }

    /** The calling worker's runner has returned. From now on the batch cannot be given up. */
    synchronized void leave(RunningBatch<T, R> batch) {
        inside.remove(Thread.currentThread());
        if (givenUp.remove(batch) == null) {
            return;
        }
        if (givenUp.isEmpty()) {
            queue.resume();
        } else {
            // The suspended queue is empty; only the reason changes.
            queue.suspend(unavailable(givenUp.values().iterator().next()));
        }
    }

    /** As {@link Batcher#giveUp}. */
    boolean giveUp(Thread worker, Failure failure) {
        RunningBatch<T, R> batch;
        List<PendingItem<T, R>> waiting;
        synchronized (this) {
            batch = inside.get(worker);
            if (batch == null) {
                return false;
            }
            if (givenUp.putIfAbsent(batch, failure) != null) {
                return true;
            }
            batch.givenUp = failure;
            waiting = queue.suspend(unavailable(failure));
        }
        batch.items.forEach(pending -> pending.fail(failure));
        waiting.forEach(pending -> pending.fail(unavailable(failure)));
        return true;
    }

    /** Whether a batch that was given up is still in its runner. */
    synchronized boolean hangs() {
        return !givenUp.isEmpty();
    }

    private static Failure unavailable(Failure failure) {
        return new Failure(FailureCode.MODEL_UNAVAILABLE, failure.detail(), failure.retryAfter(), failure.cause());
    }
}
