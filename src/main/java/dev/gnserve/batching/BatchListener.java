package dev.gnserve.batching;

/** Hears of every batch, on the worker's thread, before the items' futures complete: it must be quick. */
@FunctionalInterface
public interface BatchListener {

    void batchCompleted(BatchCompleted batch);

    /** On the thread that died. */
    default void workerReplaced(WorkerReplaced replaced) {}
}
