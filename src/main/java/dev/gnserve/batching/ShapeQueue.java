package dev.gnserve.batching;

import java.util.Collection;
import java.util.Collections;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The waiting items of one shape, in the order of service. Guarded by the queue. */
final class ShapeQueue<T, R> {

    final Object shape;

    private final NavigableSet<PendingItem<T, R>> items = new TreeSet<>(PendingItem::compare);
    private final NavigableSet<PendingItem<T, R>> byArrival = new TreeSet<>(PendingItem::compareArrivals);
    private final NavigableSet<PendingItem<T, R>> byDeadline = new TreeSet<>(PendingItem::compareDeadlines);

    private @Nullable PendingItem<T, R> first;
    private @Nullable PendingItem<T, R> oldest;
    private @Nullable PendingItem<T, R> mostPressing;

    ShapeQueue(Object shape) {
        this.shape = shape;
    }

    void add(PendingItem<T, R> pending) {
        items.add(pending);
        byArrival.add(pending);
        if (pending.deadline.isBounded()) {
            byDeadline.add(pending);
        }
        look();
    }

    void remove(PendingItem<T, R> pending) {
        items.remove(pending);
        byArrival.remove(pending);
        if (pending.deadline.isBounded()) {
            byDeadline.remove(pending);
        }
        look();
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
        return present(first);
    }

    /** The item that arrived first: with priorities it need not be the first in line. */
    PendingItem<T, R> oldest() {
        return present(oldest);
    }

    /** The item with the earliest deadline; null if none has a deadline. */
    @Nullable
    PendingItem<T, R> mostPressing() {
        return mostPressing;
    }

    /** Kept in fields, because lines are sorted by them. */
    private void look() {
        first = items.isEmpty() ? null : items.first();
        oldest = byArrival.isEmpty() ? null : byArrival.first();
        mostPressing = byDeadline.isEmpty() ? null : byDeadline.first();
    }

    private static <P> P present(@Nullable P item) {
        if (item == null) {
            throw new IllegalStateException("an empty line");
        }
        return item;
    }
}
