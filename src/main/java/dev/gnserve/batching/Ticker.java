package dev.gnserve.batching;

/** A monotonic clock in nanoseconds, as {@link System#nanoTime()}; tests use their own. Thread-safe. */
@FunctionalInterface
public interface Ticker {

    long nanos();

    static Ticker system() {
        return System::nanoTime;
    }
}
