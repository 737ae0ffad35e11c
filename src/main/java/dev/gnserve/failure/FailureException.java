package dev.gnserve.failure;

import java.io.Serial;

/**
 * Carries a {@link Failure} up to the place that answers the request. Only an engine fault has a stack trace: the others are told to
 * the caller, by the thousand when there are too many of them.
 */
public final class FailureException extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final transient Failure failure;

    public FailureException(Failure failure) {
        super(
                failure.code() + ": " + failure.detail(),
                failure.cause(),
                true,
                failure.code() == FailureCode.ENGINE_FAULT);
        this.failure = failure;
    }

    public Failure failure() {
        return failure;
    }
}
