package dev.gnserve.batching;

/** A monotonic source of nanoseconds, as {@link System#nanoTime()}; tests drive one by hand. */
@FunctionalInterface
public interface Ticker {

    long nanos();

    static Ticker system() {
        return System::nanoTime;
    }
}
