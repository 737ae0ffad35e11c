package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One submitted item until it has its outcome. Equality is identity: equal items can come from different requests. */
final class PendingItem<T, R> {

    final T item;
    final Object shape;
    final Deadline deadline;
    final Priority priority;
    final long arrivedNanos;
    final @Nullable Object origin;
    final @Nullable Turns turns;
    final CompletableFuture<Outcome<R>> future;

    /** When the item joined the line: when it arrived, or at the turn of its request. Guarded by the queue. */
    long turnNanos;

    /** Number in the order of arrival. Unlike arrival times, no two are equal. Guarded by the queue. */
    long ticket;

    /** Whether the item is in the queue. Guarded by the queue. */
    boolean queued;

    /**
     * A new item.
     *
     * @param turns of the item's request; null if this is its only item
     * @param leave removes the item from the queue, if it is there
     */
    PendingItem(
            T item,
            Object shape,
            Deadline deadline,
            Priority priority,
            long arrivedNanos,
            @Nullable Object origin,
            @Nullable Turns turns,
            Consumer<? super PendingItem<T, R>> leave) {
        this.item = item;
        this.shape = shape;
        this.deadline = deadline;
        this.priority = priority;
        this.arrivedNanos = arrivedNanos;
        this.turnNanos = arrivedNanos;
        this.origin = origin;
        this.turns = turns;
        this.future = new OutcomeFuture<>(() -> leave.accept(this));
    }

    /**
     * The order of service: by turn, where a more urgent item counts as arrived earlier.
     */
    static int compare(PendingItem<?, ?> one, PendingItem<?, ?> other) {
        return compare(one.rank(), one, other.rank(), other);
    }

    /** The order of service within one priority. */
    static int compareTurns(PendingItem<?, ?> one, PendingItem<?, ?> other) {
        return compare(one.turnNanos, one, other.turnNanos, other);
    }

    static int compareArrivals(PendingItem<?, ?> one, PendingItem<?, ?> other) {
        return compare(one.arrivedNanos, one, other.arrivedNanos, other);
    }

    /** Only for items with a bounded deadline. */
    static int compareDeadlines(PendingItem<?, ?> one, PendingItem<?, ?> other) {
        int order = Deadline.compare(one.deadline, other.deadline);
        return order != 0 ? order : Long.compare(one.ticket, other.ticket);
    }

    private static int compare(long key, PendingItem<?, ?> one, long otherKey, PendingItem<?, ?> other) {
        // By difference, because the counter may wrap around.
        long difference = key - otherKey;
        return difference != 0 ? Long.signum(difference) : Long.compare(one.ticket, other.ticket);
    }

    /** The turn shifted by the priority: lower is served first. Compare by difference. */
    long rank() {
        return rank(turnNanos, priority);
    }

    static long rank(long turnNanos, Priority priority) {
        return turnNanos + priority.level() * Priority.STEP.toNanos();
    }

    Duration waitedUntil(long nanos) {
        return Duration.ofNanos(nanos - arrivedNanos);
    }

    /** Whether the item has its outcome, or the caller has cancelled or completed it. */
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

    /**
     * Removes the item from the queue before it completes, so that callbacks find the place free. A callback could not do
     * this: a future runs its callbacks in reverse order.
     */
    private static final class OutcomeFuture<V> extends CompletableFuture<V> {

        private final Runnable leave;

        private OutcomeFuture(Runnable leave) {
            this.leave = leave;
        }

        @Override
        public boolean complete(V value) {
            leave.run();
            return super.complete(value);
        }

        @Override
        public boolean completeExceptionally(Throwable thrown) {
            leave.run();
            return super.completeExceptionally(thrown);
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            leave.run();
            return super.cancel(mayInterruptIfRunning);
        }

        @Override
        public CompletableFuture<V> completeAsync(Supplier<? extends V> supplier, Executor executor) {
            executor.execute(() -> complete(supplier.get()));
            return this;
        }
    }
}
