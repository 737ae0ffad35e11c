package dev.gnserve.batching;

import static java.lang.System.Logger.Level.DEBUG;

import dev.gnserve.failure.Failure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntToLongFunction;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The waiting items of one model, one line per shape under one common bound. Lines are in the order of arrival, where a
 * more urgent item counts as arrived earlier (see {@link Priority}). Thread-safe.
 *
 * <p>A line is <em>ready</em> when it holds a full batch, when its oldest item has waited for the maximum delay, when its
 * most pressing deadline leaves just the time for a batch, or when the queue drains (see {@link Lines}). Of the ready
 * lines, the one whose first item comes before those of the others is served: age decides, not the length of the line.
 * So no shape starves. Among items of one priority, an item can be overtaken only by younger items of an older item's
 * shape that fill up that item's batch; at the latest when all items that arrived before it are gone, its line is next.
 *
 * <p>A full queue takes a more urgent item in by giving up the last of the less urgent ones; otherwise those who are not
 * in a hurry could keep those out who are.
 *
 * <p>Lines rather than one list: closing a batch at every change of shape would turn mixed traffic into batches of one.
 *
 * <p>The lock is held for O(log n) amortized in the number of items, whatever is asked: a flood of requests that are
 * refused must not keep the workers from the queue.
 */
final class BatchQueue<T, R> {

    private static final System.Logger LOG = System.getLogger(BatchQueue.class.getName());

    private final BatchPolicy policy;
    private final Ticker ticker;
    private final Refusals refusals;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Lines<T, R> lines;
    private final NavigableSet<Pending<T, R>> byDeadline = new TreeSet<>(Pending::compareDeadlines);

    /** The same items by priority, the most urgent level first, each level in the order of arrival. */
    private final List<CountedSet<Pending<T, R>>> levels;

    private int size;
    private long nextTicket;
    private @Nullable Failure closed;
    private @Nullable Failure suspended;

    /**
     * An empty queue.
     *
     * @param leadNanos how long before a deadline a batch of so many items has to start
     * @param mostAtOnce the most items like this one in one batch, where that is fewer than the policy's
     */
    BatchQueue(
            BatchPolicy policy,
            Ticker ticker,
            Refusals refusals,
            IntToLongFunction leadNanos,
            ToIntFunction<? super T> mostAtOnce) {
        this.policy = policy;
        this.ticker = ticker;
        this.refusals = refusals;
        this.lines = new Lines<>(policy, leadNanos, mostAtOnce);
        this.levels = Stream.generate(() -> new CountedSet<Pending<T, R>>(Pending::compareArrivals))
                .limit(Priority.LEAST_URGENT)
                .toList();
    }

    /**
     * Takes an item in if there is room.
     *
     * @param displaced gets the item, if any, that has to go for it
     * @return why the item is refused; null if it is accepted
     */
    @Nullable
    Failure offer(Pending<T, R> pending, List<Pending<T, R>> displaced) {
        List<Pending<T, R>> expired = new ArrayList<>();
        lock.lock();
        try {
            removeExpired(expired);
            Failure refusal = refusalLocked(pending.priority);
            if (refusal != null) {
                return refusal;
            }
            if (size >= policy.queueCapacity()) {
                Pending<T, R> last = leastUrgentLevel().last();
                removeLocked(last);
                displaced.add(last);
            }
            addLocked(pending);
            changed.signal();
            return null;
        } finally {
            lock.unlock();
            expireAll(expired);
        }
    }

    /** Takes an item out, if it is in, so that it no longer holds a place. */
    void remove(Pending<T, R> pending) {
        lock.lock();
        try {
            if (pending.queued) {
                removeLocked(pending);
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * The next batch, waiting for it.
     *
     * @param longestIdle how long to wait while nothing is queued
     * @return an empty list when nothing was queued for that long; null when the queue is closed and empty
     */
    @Nullable
    List<Pending<T, R>> take(Duration longestIdle) {
        long idleUntil = System.nanoTime() + longestIdle.toNanos();
        while (true) {
            List<Pending<T, R>> expired = new ArrayList<>();
            lock.lock();
            try {
                List<Pending<T, R>> batch = pollLocked(expired);
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
                    // Woken or not, in time or not: the loop looks again.
                    changed.awaitNanos(Math.min(idle, lines.nanosUntilReady(ticker.nanos())));
                }
            } catch (InterruptedException e) {
                // A worker ends when the queue is closed and empty, not by interruption: what was accepted needs its
                // outcome.
                LOG.log(DEBUG, "a worker was interrupted while it waited", e);
            } finally {
                lock.unlock();
                expireAll(expired);
            }
        }
    }

    /** A batch that is ready now, or an empty list. */
    List<Pending<T, R>> poll() {
        List<Pending<T, R>> expired = new ArrayList<>();
        lock.lock();
        try {
            return pollLocked(expired);
        } finally {
            lock.unlock();
            expireAll(expired);
        }
    }

    /** How many items, exactly, would be served before one of this priority that arrives then. */
    int countBefore(long arrivedNanos, Priority priority) {
        long rank = Pending.rank(arrivedNanos, priority);
        List<Pending<T, R>> expired = new ArrayList<>();
        lock.lock();
        try {
            removeExpired(expired);
            int before = 0;
            for (CountedSet<Pending<T, R>> level : levels) {
                before += level.countOf(pending -> pending.rank() - rank <= 0);
            }
            return before;
        } finally {
            lock.unlock();
            expireAll(expired);
        }
    }

    /** Why an item of this priority would be refused now; null if it would not. */
    @Nullable
    Failure refusal(Priority priority) {
        List<Pending<T, R>> expired = new ArrayList<>();
        lock.lock();
        try {
            removeExpired(expired);
            return refusalLocked(priority);
        } finally {
            lock.unlock();
            expireAll(expired);
        }
    }

    int size() {
        lock.lock();
        try {
            return size;
        } finally {
            lock.unlock();
        }
    }

    /** Accepts nothing more, for the reason of the first call; what waits becomes ready at once. */
    void close(Failure reason) {
        lock.lock();
        try {
            if (closed == null) {
                closed = reason;
                lines.readyAll();
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Accepts nothing until {@link #resume}.
     *
     * @param reason why, in place of the reason of an earlier call
     * @return everything that still waits
     */
    List<Pending<T, R>> suspend(Failure reason) {
        lock.lock();
        try {
            suspended = reason;
            return drainLocked();
        } finally {
            lock.unlock();
        }
    }

    void resume() {
        lock.lock();
        try {
            suspended = null;
        } finally {
            lock.unlock();
        }
    }

    /** Everything that still waits. */
    List<Pending<T, R>> drain() {
        lock.lock();
        try {
            return drainLocked();
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

    private List<Pending<T, R>> pollLocked(List<Pending<T, R>> expired) {
        removeExpired(expired);
        Line<T, R> line = lines.firstReady(ticker.nanos());
        if (line == null) {
            return List.of();
        }
        List<Pending<T, R>> batch = new ArrayList<>(Math.min(line.size(), line.maxSize));
        while (batch.size() < line.maxSize && !line.isEmpty()) {
            Pending<T, R> next = line.first();
            removeLocked(next);
            batch.add(next);
        }
        if (size > 0) {
            // Each arrival wakes one worker, which may just have taken several arrivals' items but not all of them.
            changed.signal();
        }
        return batch;
    }

    private void addLocked(Pending<T, R> pending) {
        pending.ticket = nextTicket++;
        pending.queued = true;
        size++;
        lines.add(pending);
        levels.get(pending.priority.level() - 1).add(pending);
        if (pending.deadline.isBounded()) {
            byDeadline.add(pending);
        }
    }

    private void removeLocked(Pending<T, R> pending) {
        pending.queued = false;
        size--;
        lines.remove(pending);
        levels.get(pending.priority.level() - 1).remove(pending);
        if (pending.deadline.isBounded()) {
            byDeadline.remove(pending);
        }
    }

    private List<Pending<T, R>> drainLocked() {
        List<Pending<T, R>> rest = lines.clear();
        rest.forEach(pending -> pending.queued = false);
        levels.forEach(CountedSet::clear);
        byDeadline.clear();
        size = 0;
        changed.signalAll();
        return rest;
    }

    /** Of a queue that is not empty. */
    private CountedSet<Pending<T, R>> leastUrgentLevel() {
        int level = levels.size() - 1;
        while (levels.get(level).isEmpty()) {
            level--;
        }
        return levels.get(level);
    }

    private void removeExpired(List<Pending<T, R>> expired) {
        long now = ticker.nanos();
        while (!byDeadline.isEmpty() && byDeadline.first().deadline.passed(now)) {
            Pending<T, R> late = byDeadline.first();
            removeLocked(late);
            expired.add(late);
        }
    }

    /** Outside the lock: completing a future runs its callers' code. */
    private static <T, R> void expireAll(List<Pending<T, R>> expired) {
        expired.forEach(pending -> pending.expire("in the queue"));
    }
}
