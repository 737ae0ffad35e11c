package dev.gnserve.verification;

import org.jspecify.annotations.Nullable;

/**
 * Whether an image's result depends on what it was batched with.
 *
 * @param batch largest batch that was tried; smaller powers of two were, too
 * @param maxAbsoluteDifference largest difference of any output from that of the image alone
 * @param bitIdentical whether no output differed at all
 * @param resultChanged whether a decision of the final result differs: whether a pixel belongs to a class, whether a box counts or
 *     where it lies, which label is best
 * @param changedDecisions how many do, over all batches
 * @param reason why it fails or does not apply, or null
 */
public record BatchInvariance(
        int batch,
        double maxAbsoluteDifference,
        boolean bitIdentical,
        boolean resultChanged,
        long changedDecisions,
        Verdict verdict,
        @Nullable String reason) {

    static BatchInvariance notApplicable(int batch, String reason) {
        return new BatchInvariance(batch, 0, false, false, 0, Verdict.NOT_APPLICABLE, reason);
    }
}
