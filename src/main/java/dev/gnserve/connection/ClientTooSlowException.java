package dev.gnserve.connection;

import java.io.IOException;

/** The wait for a client ends, because its thread or its memory is needed for others. */
public final class ClientTooSlowException extends IOException {

    private static final long serialVersionUID = 1L;

    ClientTooSlowException() {
        super("the client is too slow while others wait");
    }
}
