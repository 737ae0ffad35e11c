package dev.gnserve.failure;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One failure, as a value. Immutable.
 *
 * @param code the kind of failure
 * @param detail what is wrong, with the numbers, and what to do; shown to the client
 * @param retryAfter when to try again, or null if unknown
 * @param cause the exception, for the log only; or null
 */
public record Failure(
        FailureCode code,
        String detail,
        @Nullable Duration retryAfter,
        @Nullable Throwable cause) {

    public static Failure of(FailureCode code, String detail) {
        return new Failure(code, detail, null, null);
    }

    public static Failure of(FailureCode code, String detail, @Nullable Throwable cause) {
        return new Failure(code, detail, null, cause);
    }

    public FailureException asException() {
        return new FailureException(this);
    }

    /** The failure of the exception or of its first cause that has one; null if there is none. */
    public static @Nullable Failure in(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof FailureException carrier) {
                return carrier.failure();
            }
        }
        return null;
    }

    /**
     * The message that says what is wrong and what to do, from the exception or its first cause that has one; null if there is none.
     *
     * @param thrown a {@link FailureException}, a {@link MisconfiguredException}, or an exception caused by one
     */
    public static @Nullable String reason(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof MisconfiguredException misconfigured) {
                return misconfigured.getMessage();
            }
            if (cause instanceof FailureException engine) {
                return engine.failure().detail();
            }
        }
        return null;
    }
}
