package dev.gnserve.model;

import java.io.IOException;
import java.io.Serial;

/** A model's file is missing or is no file; the message says which and what to do. */
final class NoFileException extends IOException {

    @Serial
    private static final long serialVersionUID = 1L;

    NoFileException(String message) {
        super(message);
    }
}
