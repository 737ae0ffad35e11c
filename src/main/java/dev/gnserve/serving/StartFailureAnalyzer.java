package dev.gnserve.serving;

import dev.gnserve.failure.Failure;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.context.ApplicationContextException;

/** Has Spring report a failed start in one sentence, without a stack trace. Registered in {@code spring.factories}. */
final class StartFailureAnalyzer implements FailureAnalyzer {

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        String reason = Failure.reason(failure);
        if (reason == null && failure instanceof ApplicationContextException && failure.getCause() != null) {
            reason = chain(failure.getCause());
        }
        return reason == null ? null : new FailureAnalysis(reason, null, failure);
    }

    /** Why the web server does not start, such as no folder for temporary files, or no key store: what each cause adds. */
    private static String chain(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String said = cause.getCause() == null ? cause.toString() : String.valueOf(cause.getMessage());
            if (text.indexOf(said) < 0) {
                text.append(text.isEmpty() ? "" : ": ").append(said);
            }
        }
        return text.toString();
    }
}
