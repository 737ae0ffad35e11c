package dev.gnserve.verification;

import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of one verification.
 *
 * @param calls all checked calls, in the order of the model
 * @param batchInvariance null if it was skipped
 * @param unverified normalization layers without a checked call
 * @param verdict FAIL if a check failed; NOT_APPLICABLE if there was no call to check, or no bound of the
 *     error holds for the input of one
 * @param reason what failed first, or why something could not be checked; null for PASS
 */
public record VerificationReport(
        List<CallCheck> calls,
        @Nullable BatchInvariance batchInvariance,
        List<UnverifiedLayer> unverified,
        Verdict verdict,
        @Nullable String reason) {

    /** The call with the largest ratio of error and tolerance, a failed call first; null if there is none. */
    public @Nullable CallCheck worst() {
        return calls.stream()
                .max(Comparator.comparing((CallCheck call) -> call.verdict() == Verdict.FAIL)
                        .thenComparing(CallCheck::ratio))
                .orElse(null);
    }
}
