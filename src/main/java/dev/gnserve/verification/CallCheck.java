package dev.gnserve.verification;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One call of a Group Normalization, compared with the exact result for the same input.
 *
 * @param layer name of the layer, as the inventory has it
 * @param call counts the calls of this layer, from 1
 * @param groups groups that the archive declares, or that the call was given where it declares none
 * @param epsilon likewise
 * @param shape shape of the input
 * @param maxAbsoluteError the error that is largest in proportion to its tolerance
 * @param tolerance what a sound kernel stays within at that element; see {@link Tolerance}
 * @param worstIndex where that element lies
 * @param reason why it fails, or null
 */
public record CallCheck(
        String layer,
        int call,
        int groups,
        int channels,
        double epsilon,
        List<Integer> shape,
        double maxAbsoluteError,
        double tolerance,
        List<Integer> worstIndex,
        Verdict verdict,
        @Nullable String reason) {

    /** The error as a share of the tolerance; above 1 is a fault. */
    public double ratio() {
        return maxAbsoluteError == 0 ? 0 : maxAbsoluteError / tolerance;
    }

    /** This check, failed for a reason that comes before its own. */
    CallCheck failing(String why) {
        return new CallCheck(
                layer,
                call,
                groups,
                channels,
                epsilon,
                shape,
                maxAbsoluteError,
                tolerance,
                worstIndex,
                Verdict.FAIL,
                reason == null ? why : why + "; " + reason);
    }
}
