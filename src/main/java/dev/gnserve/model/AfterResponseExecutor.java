package dev.gnserve.model;

/** Runs work after the response of the current request, so that the client does not wait for it. Thread-safe. */
@FunctionalInterface
public interface AfterResponseExecutor {

    /** Runs the work when the response of the calling thread's request has been sent; at once if the thread has no request. */
    void execute(Runnable work);
}
