package dev.gnserve.model;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** A {@code model.yaml} has a mistake. The message names the file, line, field, value and what is allowed. */
public final class InvalidManifestException extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    InvalidManifestException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
