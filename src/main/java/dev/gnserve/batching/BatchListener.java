package dev.gnserve.batching;

import org.jspecify.annotations.Nullable;

/** Hears of every batch, on the worker's thread, before the items' futures complete: it must be quick. */
@FunctionalInterface
public interface BatchListener {

    void batchCompleted(BatchCompleted batch);

    /**
     * An item is submitted, on the thread that submits it.
     *
     * @return what should come back with the item's batches, for example whose item it is; null for nothing
     */
    default @Nullable Object submitted() {
        return null;
    }

    /** On the thread that died. */
    default void workerReplaced(WorkerReplaced replaced) {}
}
