package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import java.util.function.Function;

/** What became of one submitted item: its own result, or the reason why there is none. */
public sealed interface Outcome<R> {

    /** The item ran. */
    record Success<R>(R result, BatchTiming timing) implements Outcome<R> {}

    /** The item did not run, or failed when it did. */
    record Failed<R>(Failure failure) implements Outcome<R> {}

    /** The result, or the failure thrown as a {@link dev.gnserve.failure.FailureException}. */
    default R orElseThrow() {
        return success().result();
    }

    /** The success, or the failure thrown as a {@link dev.gnserve.failure.FailureException}. */
    default Success<R> success() {
        if (this instanceof Success<R> success) {
            return success;
        }
        throw ((Failed<R>) this).failure().asException();
    }

    default <S> Outcome<S> map(Function<? super R, ? extends S> mapping) {
        if (this instanceof Success<R> success) {
            return new Success<>(mapping.apply(success.result()), success.timing());
        }
        return new Failed<>(((Failed<R>) this).failure());
    }
}
