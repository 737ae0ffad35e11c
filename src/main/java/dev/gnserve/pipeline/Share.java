package dev.gnserve.pipeline;

/** Room in a budget that all requests share, until it is closed; closing it again does nothing. Thread-safe. */
public interface Share extends AutoCloseable {

    /** Keeps room for this much, if it had as much, and gives back the rest. */
    default void reduceTo(long amount) {}

    @Override
    void close();
}
