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
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The lines of one queue, sorted by when they become ready. Guarded by the queue.
 *
 * <p>A line becomes ready at the earliest of three moments: when it holds a full batch; when its oldest item has waited
 * for the maximum delay; when its most pressing deadline is as close as a batch of its size takes. A deadline that cannot
 * be met any more makes its line ready at once: the estimate may be wrong.
 *
 * <p>Every operation costs O(log n) amortized in the number of items, and looks at no line as a whole. How much time a
 * batch takes changes with every measurement, so the lines with deadlines are sorted by deadline in one set per class of
 * size: the lines of a class share one estimate, which is looked up when it is needed.
 */
final class ShapeQueues<T, R> {

    private final BatchPolicy policy;
    private final IntToLongFunction leadNanos;
    private final Map<Object, ShapeQueue<T, R>> byShape = new HashMap<>();

    private final NavigableSet<ShapeQueue<T, R>> ready =
            new TreeSet<>((one, other) -> PendingItem.compare(one.first(), other.first()));

    private final NavigableSet<ShapeQueue<T, R>> waiting =
            new TreeSet<>((one, other) -> PendingItem.compareArrivals(one.oldest(), other.oldest()));

    /** The waiting lines with a deadline. Class {@code c} holds the lines of more than half of 2^c items, and of at most 2^c. */
    private final List<NavigableSet<ShapeQueue<T, R>>> pressing;

    private boolean allReady;

    /** @param leadNanos how long before a deadline a batch of so many items has to start */
    ShapeQueues(BatchPolicy policy, IntToLongFunction leadNanos) {
        this.policy = policy;
        this.leadNanos = leadNanos;
        Comparator<ShapeQueue<T, R>> byDeadline =
                (one, other) -> PendingItem.compareDeadlines(mostPressing(one), mostPressing(other));
        this.pressing = IntStream.rangeClosed(0, classOf(policy.maxSize()))
                .<NavigableSet<ShapeQueue<T, R>>>mapToObj(sizeClass -> new TreeSet<>(byDeadline))
                .toList();
    }

    void add(PendingItem<T, R> pending) {
        ShapeQueue<T, R> line = byShape.computeIfAbsent(pending.shape, ShapeQueue::new);
        if (!line.isEmpty()) {
            unseat(line);
        }
        line.add(pending);
        seat(line);
    }

    void remove(PendingItem<T, R> pending) {
        ShapeQueue<T, R> line = Objects.requireNonNull(byShape.get(pending.shape), "it waits, so its line is there");
        unseat(line);
        line.remove(pending);
        if (line.isEmpty()) {
            byShape.remove(line.shape);
        } else {
            seat(line);
        }
    }

    /** From now on every line is ready. */
    void readyAll() {
        allReady = true;
        List.copyOf(waiting).forEach(this::makeReady);
    }

    /** Of the ready lines, the one whose first item comes before those of the others; null if none is ready. */
    @Nullable
    ShapeQueue<T, R> firstReady(long now) {
        for (ShapeQueue<T, R> line = firstOf(waiting); line != null && untilDelayed(line, now) <= 0; ) {
            makeReady(line);
            line = firstOf(waiting);
        }
        for (int sizeClass = 0; sizeClass < pressing.size(); sizeClass++) {
            NavigableSet<ShapeQueue<T, R>> lines = pressing.get(sizeClass);
            for (ShapeQueue<T, R> line = firstOf(lines); line != null && untilPressing(line, now) <= 0; ) {
                makeReady(line);
                line = firstOf(lines);
            }
        }
        return firstOf(ready);
    }

    /** Until a line becomes ready, if nothing else changes; {@code Long.MAX_VALUE} if there is none. */
    long nanosUntilReady(long now) {
        if (firstReady(now) != null) {
            return 0;
        }
        ShapeQueue<T, R> delayed = firstOf(waiting);
        long until = delayed == null ? Long.MAX_VALUE : untilDelayed(delayed, now);
        for (NavigableSet<ShapeQueue<T, R>> lines : pressing) {
            ShapeQueue<T, R> line = firstOf(lines);
            until = line == null ? until : Math.min(until, untilPressing(line, now));
        }
        return until;
    }

    /** Takes every item out. */
    List<PendingItem<T, R>> clear() {
        List<PendingItem<T, R>> all = new ArrayList<>();
        byShape.values().forEach(line -> all.addAll(line.items()));
        Stream.concat(Stream.of(ready, waiting), pressing.stream()).forEach(NavigableSet::clear);
        byShape.clear();
        return all;
    }

    private void seat(ShapeQueue<T, R> line) {
        if (allReady || line.size() >= policy.maxSize()) {
            ready.add(line);
            return;
        }
        waiting.add(line);
        if (line.mostPressing() != null) {
            pressing.get(classOf(line.size())).add(line);
        }
    }

    /** Before a line changes: it is found by what it is sorted by. */
    private void unseat(ShapeQueue<T, R> line) {
        if (waiting.remove(line)) {
            if (line.mostPressing() != null) {
                pressing.get(classOf(line.size())).remove(line);
            }
        } else {
            ready.remove(line);
        }
    }

    private void makeReady(ShapeQueue<T, R> line) {
        unseat(line);
        ready.add(line);
    }

    private long untilDelayed(ShapeQueue<T, R> line, long now) {
        return policy.maxDelay().toNanos() - (now - line.oldest().arrivedNanos);
    }

    private long untilPressing(ShapeQueue<T, R> line, long now) {
        int largestOfClass = Math.min(policy.maxSize(), 1 << classOf(line.size()));
        return mostPressing(line).deadline.nanosLeft(now) - leadNanos.applyAsLong(largestOfClass);
    }

    private static int classOf(int size) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(size - 1);
    }

    private static <T, R> PendingItem<T, R> mostPressing(ShapeQueue<T, R> line) {
        return Objects.requireNonNull(line.mostPressing(), "only lines with a deadline are sorted by it");
    }

    private static <L> @Nullable L firstOf(NavigableSet<L> lines) {
        return lines.isEmpty() ? null : lines.first();
    }
}
