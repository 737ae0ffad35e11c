package dev.gnserve.archive;

import java.io.Serial;

/** An archive cannot be read. The message says what is wrong and what to do. */
public final class TorchScriptException extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    public TorchScriptException(String message) {
        super(message);
    }

    public TorchScriptException(String message, Throwable cause) {
        super(message, cause);
    }
}
