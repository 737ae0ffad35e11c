package dev.gnserve.serving;

import dev.gnserve.failure.Failure;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;

/** Has Spring tell in a sentence instead of a stack trace why the service does not start; see {@code spring.factories}. */
final class StartFailures implements FailureAnalyzer {

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        String reason = Failure.reason(failure);
        return reason == null ? null : new FailureAnalysis(reason, null, failure);
    }
}
