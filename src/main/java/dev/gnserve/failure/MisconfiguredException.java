package dev.gnserve.failure;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** Stops the start of the service because of wrong settings. The message says what is wrong and what to do. */
public final class MisconfiguredException extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    public MisconfiguredException(String message) {
        this(message, null);
    }

    public MisconfiguredException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
