package dev.gnserve.bundle;

import java.io.Serial;

/** Says which field of a package is not taken, and why. */
public final class RefusedPackageException extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    RefusedPackageException(String message) {
        super(message);
    }
}
