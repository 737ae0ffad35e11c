package dev.gnserve.archive;

import java.io.Serial;

/** An archive that cannot be read, in one sentence that says what the file is and what to do. */
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
