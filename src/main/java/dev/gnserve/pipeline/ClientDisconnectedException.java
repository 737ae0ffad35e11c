package dev.gnserve.pipeline;

/** The client closed the connection before the response was ready, so the request is cancelled. */
final class ClientDisconnectedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    ClientDisconnectedException() {
        super("The connection was closed before the response was ready."
                + " Keep both directions of the connection open until the response has arrived.");
    }
}
