package dev.gnserve.serving;

import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
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
        try {
            return get(outcome, Deadline.none());
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("an outcome is a value, failures too, and comes in time", e);
        }
    }

    /**
     * Waits for a result until the deadline. It is given up after that, and when the client closes the connection, as an outcome is.
     *
     * @param work that gives the result, in words
     * @throws dev.gnserve.failure.FailureException DEADLINE_EXCEEDED; or what else the result fails with
     */
    public <T> T await(CompletableFuture<T> result, String work) {
        try {
            return get(result, deadline);
        } catch (TimeoutException e) {
            throw Failure.of(FailureCode.DEADLINE_EXCEEDED, deadline + " passed during " + work, e)
                    .asException();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private <T> T get(CompletableFuture<T> result, Deadline until) throws ExecutionException, TimeoutException {
        boolean interrupted = false;
        try {
            while (true) {
                Duration remaining = until.remaining(System.nanoTime());
                boolean last = remaining.compareTo(LOOK) <= 0;
                try {
                    return result.get((last ? remaining : LOOK).toNanos(), TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    if (connection.isClosed()) {
                        result.cancel(false);
                        throw new CallerGoneException();
                    }
                    if (last) {
                        result.cancel(false);
                        throw e;
                    }
                } catch (InterruptedException e) {
                    interrupted = true; // Each request is answered; a server that stops waits for it.
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
