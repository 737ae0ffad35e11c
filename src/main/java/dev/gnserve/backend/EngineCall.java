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

    /** What it does, as {@code a forward pass of model x version 1}. */
    public String what() {
        return what;
    }

    /** The thread that is inside. */
    public Thread thread() {
        return thread;
    }

    /** How long the watchdog has seen it inside; time in which the process itself did not run does not count. */
    public Duration age() {
        return Duration.ofNanos(ageNanos.get());
    }

    /** Whether the watchdog looks at it. */
    boolean watched() {
        return watched;
    }

    /** Marks the call as reported, and says whether this is the first time: a call that hangs is reported once. */
    public boolean markReported() {
        return reported.compareAndSet(false, true);
    }

    /** On the watchdog's thread: the time since its last look, or since the call entered. */
    void grow(long stepNanos, long nowNanos) {
        ageNanos.addAndGet(Math.max(0, Math.min(stepNanos, nowNanos - enteredNanos)));
    }
}
