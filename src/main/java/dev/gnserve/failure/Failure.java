package dev.gnserve.failure;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One failure, as a value.
 *
 * @param code what kind it is
 * @param detail what was wrong, with the numbers, and what to do; shown to the caller
 * @param retryAfter when it makes sense to ask again, or null when that is unknown
 * @param cause what was thrown, for the log only, or null
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

    /** The failure that an exception carries, or that one of its causes carries; null if there is none. */
    public static @Nullable Failure in(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof FailureException carrier) {
                return carrier.failure();
            }
        }
        return null;
    }

    /**
     * What is wrong and what to do, of the first of these causes that can tell; null where only a stack trace tells.
     *
     * @param thrown a failure, a misconfiguration, or what was thrown because of one
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
