package dev.gnserve.batching;

import java.util.List;

/**
 * Runs the batches of one worker. Not thread-safe: one thread at a time calls it. If a worker was idle and has ended, another thread
 * continues with its runner.
 */
@FunctionalInterface
public interface BatchRunner<T, R> {

    /** Prepares the worker, for example by a warm-up. Called by each thread before its first batch. */
    default void prepare() throws Exception {}

    /**
     * Runs items of equal shape together.
     *
     * <p>An exception fails the batch. If the batch has more than one item, each item then runs again alone, so that only
     * the faulty item fails. A {@link dev.gnserve.failure.FailureException} keeps its failure; every other exception
     * becomes {@code ENGINE_FAULT}.
     */
    BatchResult<R> run(List<T> items) throws Exception;

    /** Frees the worker's resources. Called once, after the last batch or after {@link #prepare} failed. */
    default void close() {}
}
