package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One submitted item until it has its outcome. Identity is equality: two equal items are still two requests. */
final class Pending<T, R> {

    final T item;
    final Object shape;
    final Deadline deadline;
    final Priority priority;
    final long arrivedNanos;
    final @Nullable Object origin;

    /** Its number in the order of arrival, which unlike the time has no ties; guarded by the queue. */
    long ticket;

    final CompletableFuture<Outcome<R>> future = new CompletableFuture<>();

    Pending(T item, Object shape, Deadline deadline, Priority priority, long arrivedNanos, @Nullable Object origin) {
        this.item = item;
        this.shape = shape;
        this.deadline = deadline;
        this.priority = priority;
        this.arrivedNanos = arrivedNanos;
        this.origin = origin;
    }

    /** Whether this item is served first: the earlier one, once the head start of its priority is taken off. */
    boolean isBefore(Pending<T, R> other) {
        return compare(this, other) < 0;
    }

    static int compare(Pending<?, ?> one, Pending<?, ?> other) {
        // By difference, because the counter may wrap around.
        long difference = one.rank() - other.rank();
        return difference != 0 ? Long.signum(difference) : Long.compare(one.ticket, other.ticket);
    }

    /** The moment of arrival with the head start of its priority taken off; compare by difference. */
    long rank() {
        return rank(arrivedNanos, priority);
    }

    static long rank(long arrivedNanos, Priority priority) {
        return arrivedNanos + priority.level() * Priority.STEP.toNanos();
    }

    Duration waitedUntil(long nanos) {
        return Duration.ofNanos(nanos - arrivedNanos);
    }

    /** Whether nobody waits any more: answered, cancelled, or completed by the caller. */
    boolean isDone() {
        return future.isDone();
    }

    void succeed(R result, BatchTiming timing) {
        future.complete(new Outcome.Success<>(result, timing));
    }

    void fail(Failure failure) {
        future.complete(new Outcome.Failed<>(failure));
    }

    void expire(String where) {
        fail(Failure.of(FailureCode.DEADLINE_EXCEEDED, deadline + " passed while the image was " + where));
    }
}
