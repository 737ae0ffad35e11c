package dev.gnserve.batching;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.IntToLongFunction;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The shape queues of one {@link BatchQueue}, sorted by when they become ready. Guarded by its lock.
 *
 * <p>A shape queue becomes ready at the earliest of three moments: when it has a full batch; when its oldest item has waited
 * for the maximum delay; when its earliest deadline leaves just the time that a batch of its size takes. If it is too late
 * to meet a deadline, its queue is ready at once, because the estimate may be wrong.
 *
 * <p>Every operation costs O(log n) amortized in the number of items. The time that a batch takes changes with every
 * measurement. So the queues with deadlines are sorted by deadline in one set per size class: the queues of a class share
 * one estimate, which is computed when it is needed.
 */
final class ShapeQueues<T, R> {

    private final BatchPolicy policy;
    private final IntToLongFunction leadNanos;
    private final ToIntFunction<? super T> maxSize;
    private final Map<Object, ShapeQueue<T, R>> byShape = new HashMap<>();

    private final NavigableSet<ShapeQueue<T, R>> ready =
            new TreeSet<>((one, other) -> PendingItem.compare(one.first(), other.first()));

    private final NavigableSet<ShapeQueue<T, R>> waiting =
            new TreeSet<>((one, other) -> PendingItem.compareArrivals(one.oldest(), other.oldest()));

    /**
     * The waiting queues with a deadline, by size class. Class {@code c} has the queues of at most 2^c items that are too
     * long for class {@code c - 1}.
     */
    private final List<NavigableSet<ShapeQueue<T, R>>> withDeadline;

    private boolean allReady;

    /**
     * No queues.
     *
     * @param leadNanos how long before a deadline a batch of a given size must start
     * @param maxSize the most items like this one in one batch, where that is fewer than the policy's; asked for the first item of a queue and
     *     for each batch
     */
    ShapeQueues(BatchPolicy policy, IntToLongFunction leadNanos, ToIntFunction<? super T> maxSize) {
        this.policy = policy;
        this.leadNanos = leadNanos;
        this.maxSize = maxSize;
        Comparator<ShapeQueue<T, R>> byDeadline =
                (one, other) -> PendingItem.compareDeadlines(nextToExpire(one), nextToExpire(other));
        this.withDeadline = IntStream.rangeClosed(0, sizeClass(policy.maxSize()))
                .<NavigableSet<ShapeQueue<T, R>>>mapToObj(sizeClass -> new TreeSet<>(byDeadline))
                .toList();
    }

    void add(PendingItem<T, R> pending) {
        ShapeQueue<T, R> queue =
                byShape.computeIfAbsent(pending.shape, shape -> new ShapeQueue<>(shape, maxSize(pending)));
        if (!queue.isEmpty()) {
            leaveSets(queue);
        }
        queue.add(pending);
        enterSets(queue);
    }

    private int maxSize(PendingItem<T, R> pending) {
        return Math.min(policy.maxSize(), maxSize.applyAsInt(pending.item));
    }

    /** Asks for the limit of a queue again: it changes with the memory, and under lasting load a queue is never empty. */
    void renewMaxSize(ShapeQueue<T, R> queue) {
        queue.maxSize = maxSize(queue.first()); // The sets do not sort by it.
    }

    void remove(PendingItem<T, R> pending) {
        ShapeQueue<T, R> queue = Objects.requireNonNull(byShape.get(pending.shape), "the item is queued");
        leaveSets(queue);
        queue.remove(pending);
        if (queue.isEmpty()) {
            byShape.remove(queue.shape);
        } else {
            enterSets(queue);
        }
    }

    /** Changes when an item counts as arrived. */
    void move(PendingItem<T, R> pending, long turnNanos) {
        ShapeQueue<T, R> queue = Objects.requireNonNull(byShape.get(pending.shape), "the item is queued");
        leaveSets(queue);
        queue.remove(pending);
        pending.turnNanos = turnNanos;
        queue.add(pending);
        enterSets(queue);
    }

    /** From now on every queue is ready. */
    void readyAll() {
        allReady = true;
        List.copyOf(waiting).forEach(this::makeReady);
    }

    /** The ready queue with the foremost item; null if none is ready. */
    @Nullable
    ShapeQueue<T, R> firstReady(long now) {
        for (ShapeQueue<T, R> queue = firstOf(waiting); queue != null && nanosToDelay(queue, now) <= 0; ) {
            makeReady(queue);
            queue = firstOf(waiting);
        }
        for (NavigableSet<ShapeQueue<T, R>> queues : withDeadline) {
            for (ShapeQueue<T, R> queue = firstOf(queues); queue != null && nanosToLatestStart(queue, now) <= 0; ) {
                makeReady(queue);
                queue = firstOf(queues);
            }
        }
        return firstOf(ready);
    }

    /** The time until a queue becomes ready if no item arrives or leaves; {@code Long.MAX_VALUE} if there is no queue. */
    long nanosUntilReady(long now) {
        if (firstReady(now) != null) {
            return 0;
        }
        ShapeQueue<T, R> oldest = firstOf(waiting);
        long nanos = oldest == null ? Long.MAX_VALUE : nanosToDelay(oldest, now);
        for (NavigableSet<ShapeQueue<T, R>> queues : withDeadline) {
            ShapeQueue<T, R> queue = firstOf(queues);
            nanos = queue == null ? nanos : Math.min(nanos, nanosToLatestStart(queue, now));
        }
        return nanos;
    }

    /** Removes and returns every item. */
    List<PendingItem<T, R>> clear() {
        List<PendingItem<T, R>> all = new ArrayList<>();
        byShape.values().forEach(queue -> all.addAll(queue.items()));
        Stream.concat(Stream.of(ready, waiting), withDeadline.stream()).forEach(NavigableSet::clear);
        byShape.clear();
        return all;
    }

    private void enterSets(ShapeQueue<T, R> queue) {
        if (allReady || queue.size() >= queue.maxSize) {
            ready.add(queue);
            return;
        }
        waiting.add(queue);
        if (queue.nextToExpire() != null) {
            withDeadline.get(sizeClass(queue.size())).add(queue);
        }
    }

    /** Must come before the queue changes, because the sets find it by its sort key. */
    private void leaveSets(ShapeQueue<T, R> queue) {
        if (waiting.remove(queue)) {
            if (queue.nextToExpire() != null) {
                withDeadline.get(sizeClass(queue.size())).remove(queue);
            }
        } else {
            ready.remove(queue);
        }
    }

    private void makeReady(ShapeQueue<T, R> queue) {
        leaveSets(queue);
        ready.add(queue);
    }

    private long nanosToDelay(ShapeQueue<T, R> queue, long now) {
        return policy.maxDelay().toNanos() - (now - queue.oldest().arrivedNanos);
    }

    private long nanosToLatestStart(ShapeQueue<T, R> queue, long now) {
        int largestOfClass = Math.min(queue.maxSize, 1 << sizeClass(queue.size()));
        return nextToExpire(queue).deadline.nanosLeft(now) - leadNanos.applyAsLong(largestOfClass);
    }

    private static int sizeClass(int size) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(size - 1);
    }

    private static <T, R> PendingItem<T, R> nextToExpire(ShapeQueue<T, R> queue) {
        return Objects.requireNonNull(queue.nextToExpire(), "only queues with a deadline are sorted by it");
    }

    private static <Q> @Nullable Q firstOf(NavigableSet<Q> queues) {
        return queues.isEmpty() ? null : queues.first();
    }
}
