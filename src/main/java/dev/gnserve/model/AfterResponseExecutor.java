package dev.gnserve.model;

/** Puts work off until the answer that the calling thread works on has been sent, so that nobody waits for it. Thread-safe. */
@FunctionalInterface
public interface AfterResponseExecutor {

    /** Runs the work after the answer, whether that is a result or a failure; at once on a thread that answers nobody. */
    void execute(Runnable work);
}
