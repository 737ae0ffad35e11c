package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One submitted item until it has its outcome. Identity is equality: two equal items are still two requests. */
final class PendingItem<T, R> {

    final T item;
    final Object shape;
    final Deadline deadline;
    final Priority priority;
    final long arrivedNanos;
    final @Nullable Object origin;
    final CompletableFuture<Outcome<R>> future;

    /** Its number in the order of arrival, which unlike the time has no ties; guarded by the queue. */
    long ticket;

    /** Whether it holds a place in the queue; guarded by the queue. */
    boolean queued;

    /** @param leave takes the item out of the queue, if it is there */
    PendingItem(
            T item,
            Object shape,
            Deadline deadline,
            Priority priority,
            long arrivedNanos,
            @Nullable Object origin,
            Consumer<? super PendingItem<T, R>> leave) {
        this.item = item;
        this.shape = shape;
        this.deadline = deadline;
        this.priority = priority;
        this.arrivedNanos = arrivedNanos;
        this.origin = origin;
        this.future = new Answer<>(() -> leave.accept(this));
    }

    /**
     * The order of service: the earlier arrival comes first, once the head start of its priority is taken off. Within one
     * priority this is the order of arrival.
     */
    static int compare(PendingItem<?, ?> one, PendingItem<?, ?> other) {
        return compare(one.rank(), one, other.rank(), other);
    }

    static int compareArrivals(PendingItem<?, ?> one, PendingItem<?, ?> other) {
        return compare(one.arrivedNanos, one, other.arrivedNanos, other);
    }

    /** Of items with a bounded deadline. */
    static int compareDeadlines(PendingItem<?, ?> one, PendingItem<?, ?> other) {
        int order = Deadline.compare(one.deadline, other.deadline);
        return order != 0 ? order : Long.compare(one.ticket, other.ticket);
    }

    private static int compare(long when, PendingItem<?, ?> one, long then, PendingItem<?, ?> other) {
        // By difference, because the counter may wrap around.
        long difference = when - then;
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

    /** Whether the item needs no answer any more: it was answered, cancelled, or completed by the caller. */
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
     * Leaves the queue before it completes, so that callbacks find the place free. A callback of the batcher could not do
     * that: a future runs its callbacks in reverse order.
     */
    private static final class Answer<V> extends CompletableFuture<V> {

        private final Runnable leave;

        private Answer(Runnable leave) {
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
