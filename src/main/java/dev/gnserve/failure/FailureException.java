package dev.gnserve.failure;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * Carries a {@link Failure}. Only an engine fault has a stack trace: an overloaded service throws the other kinds thousands of times,
 * and their message is enough.
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

    public FailureException(FailureCode code, String detail) {
        this(Failure.of(code, detail));
    }

    public FailureException(FailureCode code, String detail, @Nullable Throwable cause) {
        this(Failure.of(code, detail, cause));
    }

    public Failure failure() {
        return failure;
    }
}
