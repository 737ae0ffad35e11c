package dev.gnserve.backend;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** A call that is inside the engine. Thread-safe. */
public final class EngineCall {

    private final String what;
    private final Thread thread;
    private final boolean watched;
    private final long enteredNanos;
    private final AtomicBoolean reported = new AtomicBoolean();
    private final AtomicLong ageNanos = new AtomicLong();

    EngineCall(String what, boolean watched, long enteredNanos) {
        this.enteredNanos = enteredNanos;
        this.what = what;
        this.watched = watched;
        this.thread = Thread.currentThread();
    }

    /** What the call does: {@code a forward pass of model x version 1}. */
    public String what() {
        return what;
    }

    /** The thread that makes the call. */
    public Thread thread() {
        return thread;
    }

    /** How long the call has been inside, by {@link Engine#ageCalls}. Time in which the process did not run does not count. */
    public Duration age() {
        return Duration.ofNanos(ageNanos.get());
    }

    /** Whether the call can become overdue. */
    boolean watched() {
        return watched;
    }

    /** Marks the call as reported; returns whether it was not marked before. */
    public boolean markReported() {
        return reported.compareAndSet(false, true);
    }

    /** Adds the step, or the time since the call entered if that is shorter. */
    void addAge(long stepNanos, long nowNanos) {
        ageNanos.addAndGet(Math.max(0, Math.min(stepNanos, nowNanos - enteredNanos)));
    }
}
