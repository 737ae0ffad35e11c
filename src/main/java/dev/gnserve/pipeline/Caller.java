package dev.gnserve.pipeline;

import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.batching.Ticker;
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

    public static final String TIMEOUT_HEADER = "X-Timeout-Millis";

    /**
     * When a thread that waits first looks whether its client is still there. Each time it waits twice as long: where many wait for
     * long, looking ten times a second took a fiftieth of the processor.
     */
    private static final Duration FIRST_LOOK = Duration.ofMillis(100);

    private static final Duration LONGEST_LOOK = Duration.ofMillis(800);

    /** Waits for ever. */
    static final Caller PATIENT = new Caller(Deadline.none(), () -> false);

    private final Deadline deadline;
    private final ClientConnection connection;

    private Caller(Deadline deadline, ClientConnection connection) {
        this.deadline = deadline;
        this.connection = connection;
    }

    /**
     * Who sent a request.
     *
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST where the header for the deadline makes no sense
     */
    static Caller of(HttpServletRequest request) {
        return new Caller(deadline(request), ClientConnection.of(request));
    }

    private static Deadline deadline(HttpServletRequest request) {
        String given = request.getHeader(TIMEOUT_HEADER);
        if (given == null) {
            return Deadline.none();
        }
        try {
            long millis = Long.parseLong(given.strip());
            if (millis > 0) {
                return Deadline.in(Duration.ofMillis(millis), Ticker.system());
            }
        } catch (NumberFormatException e) {
            // Told below, as for a number that is no time.
        }
        throw Failure.of(
                        FailureCode.INVALID_REQUEST,
                        "%s must be a whole number of milliseconds above 0.".formatted(TIMEOUT_HEADER))
                .asException();
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
     * <p>If the client closes the connection meanwhile, the outcome is given up, and the request by an exception that needs
     * no catching.
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
        Duration look = FIRST_LOOK;
        try {
            while (true) {
                Duration remaining = until.remaining(System.nanoTime());
                boolean last = remaining.compareTo(look) <= 0;
                try {
                    return result.get((last ? remaining : look).toNanos(), TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    look = look.compareTo(LONGEST_LOOK) < 0 ? look.multipliedBy(2) : look;
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
