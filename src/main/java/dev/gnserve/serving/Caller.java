package dev.gnserve.serving;

import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Who waits for an answer: until when, and whether still there. For the thread of the request, which is the only one that
 * may touch its connection.
 */
public final class Caller {

    /** How often a thread that waits looks whether its client is still there: one system call each time. */
    private static final Duration LOOK = Duration.ofMillis(100);

    /** Waits for ever. */
    static final Caller PATIENT = new Caller(Deadline.none(), () -> false);

    private final Deadline deadline;
    private final ClientConnection connection;

    private Caller(Deadline deadline, ClientConnection connection) {
        this.deadline = deadline;
        this.connection = connection;
    }

    static Caller of(HttpServletRequest request, Deadline deadline) {
        return new Caller(deadline, ClientConnection.of(request));
    }

    /** The same caller in more of a hurry, or in less. */
    public Caller until(Deadline other) {
        return new Caller(other, connection);
    }

    /** Until when the answer is of use. */
    public Deadline deadline() {
        return deadline;
    }

    /**
     * Waits for an outcome; the batcher sees to it that there is one after the deadline.
     *
     * <p>If the client closes the connection meanwhile, the outcome is given up, and the request by an exception that nobody
     * need catch.
     */
    public <T> Outcome<T> await(CompletableFuture<Outcome<T>> outcome) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return outcome.get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    if (connection.isClosed()) {
                        outcome.cancel(false);
                        throw new CallerGoneException();
                    }
                } catch (InterruptedException e) {
                    interrupted = true; // Each request is answered; a server that stops waits for it.
                } catch (ExecutionException e) {
                    throw new IllegalStateException("an outcome is a value, failures too", e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
