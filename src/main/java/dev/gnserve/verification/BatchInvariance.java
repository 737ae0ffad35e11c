package dev.gnserve.verification;

import org.jspecify.annotations.Nullable;

/**
 * Whether an image's result depends on the other images of its batch.
 *
 * @param batch largest batch size of the check, which also uses the smaller powers of two; less than was asked for where memory allows
 *     fewer images at once
 * @param maxAbsoluteDifference largest difference of an output from that of the image alone
 * @param bitIdentical whether all outputs have the same bits
 * @param resultChanged whether a decision of the result differs: whether a pixel belongs to a class, whether and where there is a
 *     box, which label is best
 * @param changedDecisions number of decisions that differ, over all batches
 * @param reason why the check fails or does not apply, or null
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
