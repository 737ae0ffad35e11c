package dev.gnserve.batching;

import java.util.List;

/** Runs batches on one worker; one thread at a time calls it. Another thread may continue where an idle one has ended. */
@FunctionalInterface
public interface BatchRunner<T, R> {

    /** Makes the worker ready, for example warm; called by each thread before its first batch. */
    default void prepare() throws Exception {}

    /**
     * Runs items of equal shape together.
     *
     * <p>What is thrown fails the batch. With more than one item, each is then run again alone, so that only the item
     * that causes the failure fails. A {@link dev.gnserve.failure.FailureException} keeps its failure, anything else
     * becomes {@code ENGINE_FAULT}.
     */
    BatchRun<R> run(List<T> items) throws Exception;

    /** Releases what the worker holds; called once, after the last batch, also when {@link #prepare} failed. */
    default void close() {}
}
