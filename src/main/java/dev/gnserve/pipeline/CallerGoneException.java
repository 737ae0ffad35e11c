package dev.gnserve.pipeline;

/** The client closed the connection before it had its answer: the request as a whole is given up. */
final class CallerGoneException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    CallerGoneException() {
        super(
                "The connection was closed before the answer was ready. Keep it open, also for sending, until it has come.");
    }
}
