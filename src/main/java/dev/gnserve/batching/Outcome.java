package dev.gnserve.batching;

import dev.gnserve.failure.Failure;

/** The outcome of one submitted item: its result, or the reason why there is none. Immutable. */
public sealed interface Outcome<R> {

    /** The item ran. */
    record Success<R>(R result, BatchTiming timing) implements Outcome<R> {}

    /** The item did not run, or it failed. */
    record Failed<R>(Failure failure) implements Outcome<R> {}

    /**
     * The result.
     *
     * @throws dev.gnserve.failure.FailureException if the item failed
     */
    default R orElseThrow() {
        return success().result();
    }

    /** As {@link #orElseThrow}, with the timing. */
    default Success<R> success() {
        if (this instanceof Success<R> success) {
            return success;
        }
        throw ((Failed<R>) this).failure().asException();
    }
}
