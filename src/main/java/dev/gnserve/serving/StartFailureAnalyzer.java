package dev.gnserve.serving;

import dev.gnserve.failure.Failure;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;

/** Has Spring report a failed start in one sentence, without a stack trace. Registered in {@code spring.factories}. */
final class StartFailureAnalyzer implements FailureAnalyzer {

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        String reason = Failure.reason(failure);
        return reason == null ? null : new FailureAnalysis(reason, null, failure);
    }
}
