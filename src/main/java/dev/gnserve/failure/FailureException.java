package dev.gnserve.failure;

import java.io.Serial;

/** Carries a {@link Failure} up to the place that answers the request. */
public final class FailureException extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final transient Failure failure;

    public FailureException(Failure failure) {
        super(failure.code() + ": " + failure.detail(), failure.cause());
        this.failure = failure;
    }

    public Failure failure() {
        return failure;
    }
}
