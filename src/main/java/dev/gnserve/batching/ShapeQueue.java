package dev.gnserve.batching;

import java.util.Collection;
import java.util.Collections;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The waiting items of one shape, in the order of service. Guarded by the lock of {@link BatchQueue}. */
final class ShapeQueue<T, R> {

    final Object shape;

    /** The most items of this shape in one batch; renewed when a batch is taken. */
    int maxSize;

    private final NavigableSet<PendingItem<T, R>> items = new TreeSet<>(PendingItem::compare);
    private final NavigableSet<PendingItem<T, R>> byArrival = new TreeSet<>(PendingItem::compareArrivals);
    private final NavigableSet<PendingItem<T, R>> byDeadline = new TreeSet<>(PendingItem::compareDeadlines);

    private @Nullable PendingItem<T, R> first;
    private @Nullable PendingItem<T, R> oldest;
    private @Nullable PendingItem<T, R> nextToExpire;

    ShapeQueue(Object shape, int maxSize) {
        this.shape = shape;
        this.maxSize = maxSize;
    }

    void add(PendingItem<T, R> pending) {
        items.add(pending);
        byArrival.add(pending);
        if (pending.deadline.isBounded()) {
            byDeadline.add(pending);
        }
        cacheFirsts();
    }

    void remove(PendingItem<T, R> pending) {
        items.remove(pending);
        byArrival.remove(pending);
        if (pending.deadline.isBounded()) {
            byDeadline.remove(pending);
        }
        cacheFirsts();
    }

    int size() {
        return items.size();
    }

    boolean isEmpty() {
        return items.isEmpty();
    }

    Collection<PendingItem<T, R>> items() {
        return Collections.unmodifiableCollection(items);
    }

    /** The item to be served first. */
    PendingItem<T, R> first() {
        return Objects.requireNonNull(first, "empty");
    }

    /** The item that arrived first. With priorities, it may not be the first to be served. */
    PendingItem<T, R> oldest() {
        return Objects.requireNonNull(oldest, "empty");
    }

    /** The item with the earliest deadline; null if no item has one. */
    @Nullable
    PendingItem<T, R> nextToExpire() {
        return nextToExpire;
    }

    /** Keeps these items in fields, because {@link ShapeQueues} sorts by them. */
    private void cacheFirsts() {
        first = items.isEmpty() ? null : items.first();
        oldest = byArrival.isEmpty() ? null : byArrival.first();
        nextToExpire = byDeadline.isEmpty() ? null : byDeadline.first();
    }
}
