package dev.gnserve.verification;

import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one run of a model proved.
 *
 * @param calls every tapped call, in the order in which the model made them
 * @param batchInvariance null when it was left out
 * @param unverified normalization layers without a checked call
 * @param verdict FAIL when anything failed; NOT_APPLICABLE when no call of a Group Normalization was found
 * @param reason what failed first, or why nothing applies; null for PASS
 */
public record VerificationReport(
        List<CallCheck> calls,
        @Nullable BatchInvariance batchInvariance,
        List<UnverifiedLayer> unverified,
        Verdict verdict,
        @Nullable String reason) {

    /** The call that used most of its tolerance, one that failed before all others; null when none was checked. */
    public @Nullable CallCheck worst() {
        return calls.stream()
                .max(Comparator.comparing((CallCheck call) -> call.verdict() == Verdict.FAIL)
                        .thenComparing(CallCheck::ratio))
                .orElse(null);
    }
}
