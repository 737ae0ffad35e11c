package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The batches that are inside their runner now, and those of them that were given up: while there is one, the queue is
 * suspended. Thread-safe.
 *
 * <p>One lock orders giving up and returning. A batch is given up before it returns, or it is not given up at all, so that
 * the queue is suspended and resumed in pairs.
 */
final class RunningBatches<T, R> {

    private final BatchQueue<T, R> queue;
    private final Map<Thread, RunningBatch<T, R>> inside = new HashMap<>(); // guarded by this
    private final Map<RunningBatch<T, R>, Failure> givenUp = new LinkedHashMap<>(); // guarded by this

    RunningBatches(BatchQueue<T, R> queue) {
        this.queue = queue;
    }

    /** The calling worker enters its runner. */
    synchronized void enter(RunningBatch<T, R> batch) {
        inside.put(Thread.currentThread(), batch);
    }

    /** The calling worker is back from its runner; from now on its batch cannot be given up. */
    synchronized void leave(RunningBatch<T, R> batch) {
        inside.remove(Thread.currentThread());
        if (givenUp.remove(batch) == null) {
            return;
        }
        if (givenUp.isEmpty()) {
            queue.resume();
        } else {
            // Nothing waits in a suspended queue; this only changes the reason.
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

    /** Whether a batch that was given up is still inside its runner. */
    synchronized boolean hangs() {
        return !givenUp.isEmpty();
    }

    private static Failure unavailable(Failure failure) {
        return new Failure(FailureCode.MODEL_UNAVAILABLE, failure.detail(), failure.retryAfter(), failure.cause());
    }
}
