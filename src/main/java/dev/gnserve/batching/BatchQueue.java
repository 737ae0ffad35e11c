package dev.gnserve.batching;

import static java.lang.System.Logger.Level.DEBUG;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The waiting items of one model, one line per shape under one common bound. Lines are in the order of arrival, where a
 * more urgent item counts as arrived earlier (see {@link Priority}).
 *
 * <p>A line is <em>ready</em> when it holds a full batch, when its oldest item has waited for the maximum delay, or when
 * the queue drains. Of the ready lines, the one whose first item comes before those of the others is served: age
 * decides, not the length of the line. So no shape starves. Among items of one priority, an item can be overtaken only
 * by younger items of an older item's shape that fill up that item's batch; at the latest when all items that arrived
 * before it are gone, its line is next.
 *
 * <p>A full queue takes a more urgent item in by giving up the last of the less urgent ones; otherwise those who are not
 * in a hurry could keep those out who are.
 *
 * <p>Lines rather than one list: closing a batch at every change of shape would turn mixed traffic into batches of one.
 */
final class BatchQueue<T, R> {

    private static final System.Logger LOG = System.getLogger(BatchQueue.class.getName());

    private final BatchPolicy policy;
    private final Ticker ticker;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Object, NavigableSet<Pending<T, R>>> lines = new LinkedHashMap<>();
    private int size;
    private long nextTicket;
    private boolean closed;

    BatchQueue(BatchPolicy policy, Ticker ticker) {
        this.policy = policy;
        this.ticker = ticker;
    }

    enum Offer {
        ACCEPTED,
        FULL,
        CLOSED
    }

    /**
     * Takes an item in if there is room.
     *
     * @param displaced gets the item, if any, that has to go for it
     */
    Offer offer(Pending<T, R> pending, List<Pending<T, R>> displaced) {
        List<Pending<T, R>> expired = new ArrayList<>();
        lock.lock();
        try {
            if (closed) {
                return Offer.CLOSED;
            }
            if (size >= policy.queueCapacity()) {
                removeExpired(expired);
            }
            if (size >= policy.queueCapacity()) {
                Pending<T, R> last = last();
                if (!pending.priority.isMoreUrgentThan(last.priority)) {
                    return Offer.FULL;
                }
                removeLocked(last);
                displaced.add(last);
            }
            pending.ticket = nextTicket++;
            lines.computeIfAbsent(pending.shape, shape -> new TreeSet<>(Pending::compare))
                    .add(pending);
            size++;
            changed.signal();
            return Offer.ACCEPTED;
        } finally {
            lock.unlock();
            expireAll(expired);
        }
    }

    /** Takes an item out that nobody waits for any more, so that it no longer holds a place. */
    void remove(Pending<T, R> pending) {
        lock.lock();
        try {
            if (removeLocked(pending)) {
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The next batch, waiting for it; null when the queue is closed and empty. */
    @Nullable
    List<Pending<T, R>> take() {
        while (true) {
            List<Pending<T, R>> expired = new ArrayList<>();
            lock.lock();
            try {
                List<Pending<T, R>> batch = pollLocked(expired);
                if (!batch.isEmpty()) {
                    return batch;
                }
                if (closed && size == 0) {
                    return null;
                }
                if (expired.isEmpty()) {
                    // Woken or not, in time or not: the loop looks again.
                    changed.awaitNanos(nanosUntilReady());
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

    /** How many items would be served before one of this priority that arrives then. */
    int countBefore(long arrivedNanos, Priority priority) {
        long rank = Pending.rank(arrivedNanos, priority);
        lock.lock();
        try {
            int before = 0;
            for (NavigableSet<Pending<T, R>> line : lines.values()) {
                for (Pending<T, R> pending : line) {
                    if (pending.rank() - rank > 0) {
                        break;
                    }
                    before++;
                }
            }
            return before;
        } finally {
            lock.unlock();
        }
    }

    /** Whether an item of this priority would find no place now. */
    boolean isFullFor(Priority priority) {
        List<Pending<T, R>> expired = new ArrayList<>();
        lock.lock();
        try {
            if (size >= policy.queueCapacity()) {
                removeExpired(expired);
            }
            return size >= policy.queueCapacity() && !priority.isMoreUrgentThan(last().priority);
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

    /** Accepts nothing more; what waits becomes ready at once. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Everything that still waits. */
    List<Pending<T, R>> drain() {
        lock.lock();
        try {
            List<Pending<T, R>> rest = new ArrayList<>(size);
            lines.values().forEach(rest::addAll);
            lines.clear();
            size = 0;
            changed.signalAll();
            return rest;
        } finally {
            lock.unlock();
        }
    }

    private List<Pending<T, R>> pollLocked(List<Pending<T, R>> expired) {
        removeExpired(expired);
        NavigableSet<Pending<T, R>> line = firstReadyLine();
        if (line == null) {
            return List.of();
        }
        List<Pending<T, R>> batch = new ArrayList<>(Math.min(line.size(), policy.maxSize()));
        while (batch.size() < policy.maxSize() && !line.isEmpty()) {
            batch.add(line.pollFirst());
        }
        size -= batch.size();
        if (line.isEmpty()) {
            lines.remove(batch.get(0).shape);
        }
        if (size > 0) {
            // Each arrival wakes one worker, which may just have taken several arrivals' items but not all of them.
            changed.signal();
        }
        return batch;
    }

    private boolean removeLocked(Pending<T, R> pending) {
        NavigableSet<Pending<T, R>> line = lines.get(pending.shape);
        if (line == null || !line.remove(pending)) {
            return false;
        }
        size--;
        if (line.isEmpty()) {
            lines.remove(pending.shape);
        }
        return true;
    }

    /** The last item of the least urgent priority that waits. */
    private Pending<T, R> last() {
        Pending<T, R> last = null;
        for (NavigableSet<Pending<T, R>> line : lines.values()) {
            for (Pending<T, R> pending : line) {
                boolean later = last == null
                        || last.priority.isMoreUrgentThan(pending.priority)
                        || (last.priority.equals(pending.priority) && last.isBefore(pending));
                last = later ? pending : last;
            }
        }
        return Objects.requireNonNull(last, "a full queue is not empty");
    }

    private @Nullable NavigableSet<Pending<T, R>> firstReadyLine() {
        long now = ticker.nanos();
        NavigableSet<Pending<T, R>> first = null;
        for (NavigableSet<Pending<T, R>> line : lines.values()) {
            boolean ready = nanosUntilReady(line, now) <= 0;
            if (ready && (first == null || line.first().isBefore(first.first()))) {
                first = line;
            }
        }
        return first;
    }

    private long nanosUntilReady(NavigableSet<Pending<T, R>> line, long now) {
        if (closed || line.size() >= policy.maxSize()) {
            return 0;
        }
        long age = 0;
        for (Pending<T, R> pending : line) {
            // The first in line need not be the oldest.
            age = Math.max(age, now - pending.arrivedNanos);
        }
        return policy.maxDelay().toNanos() - age;
    }

    private void removeExpired(List<Pending<T, R>> expired) {
        long now = ticker.nanos();
        for (Iterator<NavigableSet<Pending<T, R>>> every = lines.values().iterator(); every.hasNext(); ) {
            NavigableSet<Pending<T, R>> line = every.next();
            for (Iterator<Pending<T, R>> items = line.iterator(); items.hasNext(); ) {
                Pending<T, R> pending = items.next();
                if (pending.isDone() || pending.deadline.passed(now)) {
                    items.remove();
                    size--;
                    expired.add(pending);
                }
            }
            if (line.isEmpty()) {
                every.remove();
            }
        }
    }

    /** Outside the lock: completing a future runs its callers' code. */
    private static <T, R> void expireAll(List<Pending<T, R>> expired) {
        expired.forEach(pending -> pending.expire("in the queue"));
    }

    /** Until the first line becomes ready, if nothing else changes. */
    private long nanosUntilReady() {
        long now = ticker.nanos();
        long wait = Long.MAX_VALUE;
        for (NavigableSet<Pending<T, R>> line : lines.values()) {
            wait = Math.min(wait, nanosUntilReady(line, now));
        }
        return wait;
    }
}
