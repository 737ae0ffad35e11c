package dev.gnserve.model;

import java.util.concurrent.TimeUnit;

/** Counts the requests that use a model now. Thread-safe. */
final class LeaseCount {

    private int count; // guarded by this

    synchronized void enter() {
        count++;
    }

    synchronized void leave() {
        count--;
        notifyAll();
    }

    /** Waits until no request uses the model, but not longer than until {@code System.nanoTime()} is {@code untilNanos}. */
    synchronized void await(long untilNanos) {
        try {
            for (long left = untilNanos - System.nanoTime(); count > 0 && left > 0; ) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
                left = untilNanos - System.nanoTime();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
