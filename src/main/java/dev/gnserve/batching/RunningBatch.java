package dev.gnserve.batching;

import java.util.List;

/** A batch that a worker has taken; the watchdog looks at it from outside. Identity is equality. */
final class RunningBatch<T, R> {

    final List<Pending<T, R>> items;

    /** When the engine was entered last: items that run again alone have the whole time again. */
    volatile long enteredNanos;

    /** Whether it has been in the engine for too long; its items have failed, its worker may never return. */
    volatile boolean hung;

    RunningBatch(List<Pending<T, R>> items, long enteredNanos) {
        this.items = items;
        this.enteredNanos = enteredNanos;
    }
}
