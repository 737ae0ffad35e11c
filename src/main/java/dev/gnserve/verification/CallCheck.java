package dev.gnserve.verification;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One call of a Group Normalization, compared with the exact result for its input.
 *
 * @param layer name of the layer, as in the list of layers
 * @param call number of the call among those of this layer, from 1
 * @param groups number of groups that the archive declares; if it declares none, the argument of the call
 * @param epsilon likewise
 * @param shape shape of the input
 * @param maxAbsoluteError error of the element with the largest ratio of error and tolerance
 * @param tolerance tolerance of this element; see {@link Tolerance}
 * @param worstIndex index of this element
 * @param verdict NOT_APPLICABLE if the bound does not hold for the input: values that are not finite, or whose squares exceed float32
 * @param reason why the check fails or is not applicable, or null
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

    /** The error divided by the tolerance; above 1 is a fault. Always finite, as JSON and meters need it. */
    public double ratio() {
        return maxAbsoluteError == 0 ? 0 : Math.min(maxAbsoluteError / tolerance, Double.MAX_VALUE);
    }

    /** This check with another reason to fail, before its own. */
    CallCheck withFailure(String why) {
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
