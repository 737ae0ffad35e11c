package dev.gnserve.batching;

import static java.lang.System.Logger.Level.DEBUG;

import dev.gnserve.failure.Failure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntToLongFunction;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The waiting items of one model: one {@link ShapeQueue} per shape, with one common bound. Items are in the order of
 * arrival, where a more urgent item counts as arrived earlier (see {@link Priority}) and requests take turns
 * (see {@link Turns}). Thread-safe.
 *
 * <p>A shape is <em>ready</em> when it has a full batch, when its oldest item has waited for the maximum delay, when its
 * earliest deadline leaves just enough time for a batch, or when the queue is closed (see {@link ShapeQueues}). Of the
 * ready shapes, the one with the foremost item is served, however many items the others have. So no shape starves. Among
 * requests of one item and one priority, an item is overtaken only by younger items that fill up the batch of an older one. Once all older
 * items are gone, its shape is next.
 *
 * <p>A full queue accepts a more urgent item and gives up the last of the least urgent items. Otherwise items that are not
 * urgent could keep urgent ones out.
 *
 * <p>One queue per shape, because in a single queue mixed traffic would make batches of one item.
 *
 * <p>Every operation holds the lock for O(log n) amortized in the number of items: a flood of refused requests must not
 * keep the workers from the queue.
 */
final class BatchQueue<T, R> {

    private static final System.Logger LOG = System.getLogger(BatchQueue.class.getName());

    private final BatchPolicy policy;
    private final Ticker ticker;
    private final Refusals refusals;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ShapeQueues<T, R> shapes;
    private final NavigableSet<PendingItem<T, R>> byDeadline = new TreeSet<>(PendingItem::compareDeadlines);

    /** The same items by priority level, the most urgent level first, each level in the order of turns. */
    private final List<CountedSet<PendingItem<T, R>>> levels;

    private int size;
    private long nextTicket;
    private @Nullable Failure closed;
    private @Nullable Failure suspended;

    /**
     * An empty queue.
     *
     * @param leadNanos how long before a deadline a batch of a given size must start
     * @param maxSize the most items like this one in one batch, where that is fewer than the policy's
     */
    BatchQueue(
            BatchPolicy policy,
            Ticker ticker,
            Refusals refusals,
            IntToLongFunction leadNanos,
            ToIntFunction<? super T> maxSize) {
        this.policy = policy;
        this.ticker = ticker;
        this.refusals = refusals;
        this.shapes = new ShapeQueues<>(policy, leadNanos, maxSize);
        this.levels = Stream.generate(() -> new CountedSet<PendingItem<T, R>>(PendingItem::compareTurns))
                .limit(Priority.LEAST_URGENT)
                .toList();
    }

    /**
     * Adds an item if there is room.
     *
     * @param displaced receives the item, if any, that was removed to make room
     * @return why the item is refused; null if it is accepted
     */
    @Nullable
    Failure offer(PendingItem<T, R> pending, List<PendingItem<T, R>> displaced) {
        return locked(expired -> {
            removeExpired(expired);
            Failure refusal = refusalLocked(pending.priority);
            if (refusal != null) {
                return refusal;
            }
            if (size >= policy.queueCapacity()) {
                PendingItem<T, R> last = leastUrgentLevel().last();
                removeLocked(last);
                displaced.add(last);
            }
            addLocked(pending);
            changed.signal();
            return null;
        });
    }

    /** Removes an item if it is in the queue. */
    void remove(PendingItem<T, R> pending) {
        locked(() -> {
            if (pending.queued) {
                removeLocked(pending);
                changed.signal();
            }
        });
    }

    /**
     * Waits for the next batch and removes it.
     *
     * @param longestIdle how long to wait while nothing is queued
     * @return an empty list if nothing was queued for that time; null when the queue is closed and empty
     */
    @Nullable
    List<PendingItem<T, R>> take(Duration longestIdle) {
        long idleUntil = System.nanoTime() + longestIdle.toNanos();
        while (true) {
            List<PendingItem<T, R>> expired = new ArrayList<>();
            lock.lock();
            try {
                List<PendingItem<T, R>> batch = pollLocked(expired);
                if (!batch.isEmpty()) {
                    return batch;
                }
                if (closed != null && size == 0) {
                    return null;
                }
                long idle = size == 0 ? idleUntil - System.nanoTime() : Long.MAX_VALUE;
                if (idle <= 0) {
                    return batch;
                }
                if (expired.isEmpty()) {
                    changed.awaitNanos(Math.min(idle, shapes.nanosUntilReady(ticker.nanos())));
                }
            } catch (InterruptedException e) {
                // The worker goes on: accepted items need their outcome. It ends when the queue is closed and empty.
                LOG.log(DEBUG, "a worker was interrupted while it waited", e);
            } finally {
                lock.unlock();
                expireAll(expired);
            }
        }
    }

    /** Removes a batch that is ready now; an empty list if none is. */
    List<PendingItem<T, R>> poll() {
        return locked(this::pollLocked);
    }

    /** The number of items that would be served before an item with this arrival and priority. */
    int countBefore(long arrivedNanos, Priority priority) {
        long rank = PendingItem.rank(arrivedNanos, priority);
        return locked(expired -> {
            removeExpired(expired);
            return levels.stream()
                    .mapToInt(level -> level.countOf(pending -> pending.rank() - rank <= 0))
                    .sum();
        });
    }

    /** Why an item of this priority would be refused now; null if it would be accepted. */
    @Nullable
    Failure refusal(Priority priority) {
        return locked(expired -> {
            removeExpired(expired);
            return refusalLocked(priority);
        });
    }

    int size() {
        return locked(expired -> size);
    }

    /** Refuses new items, with the reason of the first call. All waiting items become ready at once. */
    void close(Failure reason) {
        locked(() -> {
            if (closed == null) {
                closed = reason;
                shapes.readyAll();
            }
            changed.signalAll();
        });
    }

    /**
     * Refuses new items until {@link #resume}, and removes all waiting items.
     *
     * @param reason why items are refused; replaces the reason of an earlier call
     * @return the removed items
     */
    List<PendingItem<T, R>> suspend(Failure reason) {
        return locked(expired -> {
            suspended = reason;
            return drainLocked();
        });
    }

    void resume() {
        locked(() -> suspended = null);
    }

    /** Removes and returns all waiting items. */
    List<PendingItem<T, R>> drain() {
        return locked(expired -> drainLocked());
    }

    /**
     * Runs work with the lock held. Then, without the lock, expires the items that the work has added to its argument, because
     * completing a future runs the caller's code.
     */
    private <V extends @Nullable Object> V locked(Function<List<PendingItem<T, R>>, V> work) {
        List<PendingItem<T, R>> expired = new ArrayList<>();
        lock.lock();
        try {
            return work.apply(expired);
        } finally {
            lock.unlock();
            expireAll(expired);
        }
    }

    private void locked(Runnable work) {
        lock.lock();
        try {
            work.run();
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Failure refusalLocked(Priority priority) {
        if (closed != null || suspended != null) {
            return closed != null ? closed : suspended;
        }
        if (size < policy.queueCapacity()
                || priority.isMoreUrgentThan(leastUrgentLevel().last().priority)) {
            return null;
        }
        return refusals.full();
    }

    private List<PendingItem<T, R>> pollLocked(List<PendingItem<T, R>> expired) {
        removeExpired(expired);
        ShapeQueue<T, R> ready = shapes.firstReady(ticker.nanos());
        if (ready == null) {
            return List.of();
        }
        shapes.renewMaxSize(ready);
        List<PendingItem<T, R>> batch = new ArrayList<>(Math.min(ready.size(), ready.maxSize));
        while (batch.size() < ready.maxSize && !ready.isEmpty()) {
            PendingItem<T, R> next = ready.first();
            removeLocked(next);
            batch.add(next);
        }
        if (size > 0) {
            // Each arrival wakes one worker. This one may have taken several items but not all: wake another.
            changed.signal();
        }
        return batch;
    }

    private void addLocked(PendingItem<T, R> pending) {
        pending.ticket = nextTicket++;
        pending.queued = true;
        size++;
        if (pending.turns != null) {
            pending.turns.add(pending);
        }
        shapes.add(pending);
        levels.get(pending.priority.level() - 1).add(pending);
        if (pending.deadline.isBounded()) {
            byDeadline.add(pending);
        }
    }

    private void removeLocked(PendingItem<T, R> pending) {
        pending.queued = false;
        size--;
        shapes.remove(pending);
        levels.get(pending.priority.level() - 1).remove(pending);
        if (pending.deadline.isBounded()) {
            byDeadline.remove(pending);
        }
        nextTurn(pending);
    }

    /** The next item of a request joins the line, once the one before has left. */
    private void nextTurn(PendingItem<T, R> gone) {
        if (gone.turns != null && gone.turns.remove(gone)) {
            @SuppressWarnings("unchecked") // All items of a request go to one queue.
            PendingItem<T, R> next = (PendingItem<T, R>) Objects.requireNonNull(gone.turns.first());
            CountedSet<PendingItem<T, R>> level = levels.get(next.priority.level() - 1);
            level.remove(next);
            shapes.move(next, ticker.nanos());
            level.add(next);
        }
    }

    private List<PendingItem<T, R>> drainLocked() {
        List<PendingItem<T, R>> rest = shapes.clear();
        for (PendingItem<T, R> pending : rest) {
            pending.queued = false;
            if (pending.turns != null) {
                pending.turns.remove(pending);
            }
        }
        levels.forEach(CountedSet::clear);
        byDeadline.clear();
        size = 0;
        changed.signalAll();
        return rest;
    }

    /** Only when the queue is not empty. */
    private CountedSet<PendingItem<T, R>> leastUrgentLevel() {
        int level = levels.size() - 1;
        while (levels.get(level).isEmpty()) {
            level--;
        }
        return levels.get(level);
    }

    private void removeExpired(List<PendingItem<T, R>> expired) {
        long now = ticker.nanos();
        while (!byDeadline.isEmpty() && byDeadline.first().deadline.passed(now)) {
            PendingItem<T, R> late = byDeadline.first();
            removeLocked(late);
            expired.add(late);
        }
    }

    private static <T, R> void expireAll(List<PendingItem<T, R>> expired) {
        expired.forEach(pending -> pending.expire("in the queue"));
    }
}
