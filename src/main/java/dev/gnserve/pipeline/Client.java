package dev.gnserve.pipeline;

import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.batching.Ticker;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.image.Cancellation;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The client that waits for a response: its deadline, and whether it is still connected. Only the thread of its request may use it,
 * as that thread alone may read the connection.
 */
public final class Client {

    public static final String TIMEOUT_HEADER = "X-Timeout-Millis";

    /**
     * A waiting thread checks the connection after this time, and then after twice as long each time, up to the longest interval. At a
     * constant 100 ms, 64 waiting threads took 2 % of the processor.
     */
    private static final Duration FIRST_CHECK = Duration.ofMillis(100);

    private static final Duration LONGEST_INTERVAL = Duration.ofMillis(800);

    /** Stands for a client in work that no client waits for: no deadline, always connected. */
    public static final Client NONE = new Client(Deadline.none(), () -> false);

    private final Deadline deadline;
    private final ClientConnection connection;

    private Client(Deadline deadline, ClientConnection connection) {
        this.deadline = deadline;
        this.connection = connection;
    }

    /**
     * The client of a request.
     *
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST if {@value #TIMEOUT_HEADER} is not a number above 0
     */
    static Client of(HttpServletRequest request) {
        return new Client(deadline(request), ClientConnection.of(request));
    }

    private static Deadline deadline(HttpServletRequest request) {
        String given = request.getHeader(TIMEOUT_HEADER);
        if (given == null) {
            return Deadline.none();
        }
        long millis;
        try {
            millis = Long.parseLong(given.strip());
        } catch (NumberFormatException e) {
            millis = 0;
        }
        if (millis < 1) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "%s must be a whole number of milliseconds above 0.".formatted(TIMEOUT_HEADER))
                    .asException();
        }
        return Deadline.in(Duration.ofMillis(millis), Ticker.system());
    }

    /** The same client with another deadline. */
    public Client until(Deadline other) {
        return new Client(other, connection);
    }

    /** So many more inputs (tiles, windows) of the request go through the model. */
    void expects(int inputs) {
        connection.expects(inputs);
    }

    /** One of these inputs has been through the model. */
    void inputDone() {
        connection.inputDone();
    }

    public Deadline deadline() {
        return deadline;
    }

    /**
     * Waits for an outcome. The batcher completes it soon after the deadline at the latest.
     *
     * <p>If the client disconnects while it waits, this cancels the outcome and throws an unchecked exception that ends the request.
     */
    public <T> Outcome<T> await(CompletableFuture<Outcome<T>> outcome) {
        try {
            return get(outcome, Deadline.none());
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("an outcome never completes exceptionally and comes in time", e);
        }
    }

    /**
     * Waits for a result until the deadline. Cancels it then, or when the client disconnects, as {@link #await(CompletableFuture)}.
     *
     * @param work what makes the result, in words, for the message
     * @throws dev.gnserve.failure.FailureException DEADLINE_EXCEEDED, or the failure of the result
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

    /**
     * Cancels work that the thread of the request does itself: after the deadline with DEADLINE_EXCEEDED, and when the client
     * disconnects as {@link #await(CompletableFuture)}.
     *
     * @param work in words, for the message
     */
    public Cancellation cancelling(String work) {
        return new Cancellation() {
            private long nextCheck = System.nanoTime() + FIRST_CHECK.toNanos();

            @Override
            public void throwIfCancelled() {
                long now = System.nanoTime();
                if (deadline.passed(now)) {
                    throw Failure.of(FailureCode.DEADLINE_EXCEEDED, deadline + " passed during " + work)
                            .asException();
                }
                if (now - nextCheck >= 0) {
                    nextCheck = now + FIRST_CHECK.toNanos();
                    if (connection.isClosed()) {
                        throw new ClientDisconnectedException();
                    }
                }
            }
        };
    }

    private <T> T get(CompletableFuture<T> result, Deadline until) throws ExecutionException, TimeoutException {
        boolean interrupted = false;
        Duration interval = FIRST_CHECK;
        try {
            while (true) {
                Duration remaining = until.remaining(System.nanoTime());
                boolean last = remaining.compareTo(interval) <= 0;
                try {
                    return result.get((last ? remaining : interval).toNanos(), TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    interval = interval.compareTo(LONGEST_INTERVAL) < 0 ? interval.multipliedBy(2) : interval;
                    if (connection.isClosed()) {
                        result.cancel(false);
                        throw new ClientDisconnectedException();
                    }
                    if (last) {
                        result.cancel(false);
                        throw e;
                    }
                } catch (InterruptedException e) {
                    interrupted = true; // Every request gets its response: a server that stops waits for it.
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
