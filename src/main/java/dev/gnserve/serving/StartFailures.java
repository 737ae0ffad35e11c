package dev.gnserve.serving;

import dev.gnserve.failure.FailureException;
import dev.gnserve.failure.MisconfiguredException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;

/** Has Spring tell in a sentence instead of a stack trace why the service does not start; see {@code spring.factories}. */
public final class StartFailures implements FailureAnalyzer {

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        String reason = reason(failure);
        return reason == null ? null : new FailureAnalysis(reason, null, failure);
    }

    /** What is wrong and what to do, or null where only a stack trace tells. */
    public static @Nullable String reason(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
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
