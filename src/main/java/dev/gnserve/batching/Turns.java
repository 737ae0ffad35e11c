package dev.gnserve.batching;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The waiting items of one request. One of them stands in line with those of other requests; when it leaves, the next one joins the
 * end of the line. So a request of many items does not hold up one of a few: requests are served round robin (Nagle, RFC 970,
 * 1985). Items that do not stand in line fill batches up. Guarded by the queue to which the items go.
 */
public final class Turns {

    /** An item counts as arrived so much later while it does not stand in line: later than all that does. */
    static final long BEHIND = Long.MAX_VALUE / 4;

    private final Deque<PendingItem<?, ?>> waiting = new ArrayDeque<>();

    /** Adds an item at the end. */
    void add(PendingItem<?, ?> item) {
        if (!waiting.isEmpty()) {
            item.turnNanos = item.arrivedNanos + BEHIND;
        }
        waiting.add(item);
    }

    /**
     * Removes an item.
     *
     * @return whether another one is to join the line: {@link #first}
     */
    boolean remove(PendingItem<?, ?> item) {
        boolean stoodInLine = first() == item;
        waiting.remove(item);
        return stoodInLine && !waiting.isEmpty();
    }

    @Nullable
    PendingItem<?, ?> first() {
        return waiting.peek();
    }
}
