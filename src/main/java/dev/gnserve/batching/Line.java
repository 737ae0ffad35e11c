package dev.gnserve.batching;

import java.util.Collection;
import java.util.Collections;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The waiting items of one shape, in the order of service. Guarded by the queue. */
final class Line<T, R> {

    final Object shape;

    /** The most items of this shape in one batch. */
    final int maxSize;

    private final NavigableSet<Pending<T, R>> items = new TreeSet<>(Pending::compare);
    private final NavigableSet<Pending<T, R>> byArrival = new TreeSet<>(Pending::compareArrivals);
    private final NavigableSet<Pending<T, R>> byDeadline = new TreeSet<>(Pending::compareDeadlines);

    private @Nullable Pending<T, R> first;
    private @Nullable Pending<T, R> oldest;
    private @Nullable Pending<T, R> mostPressing;

    Line(Object shape, int maxSize) {
        this.shape = shape;
        this.maxSize = maxSize;
    }

    void add(Pending<T, R> pending) {
        items.add(pending);
        byArrival.add(pending);
        if (pending.deadline.isBounded()) {
            byDeadline.add(pending);
        }
        look();
    }

    void remove(Pending<T, R> pending) {
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

    Collection<Pending<T, R>> items() {
        return Collections.unmodifiableCollection(items);
    }

    /** The item to be served first. */
    Pending<T, R> first() {
        return present(first);
    }

    /** The item that arrived first: with priorities it need not be the first in line. */
    Pending<T, R> oldest() {
        return present(oldest);
    }

    /** The item with the earliest deadline; null if none has a deadline. */
    @Nullable
    Pending<T, R> mostPressing() {
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
