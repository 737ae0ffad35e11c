package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import org.jspecify.annotations.Nullable;

/** Checks of query parameters. */
public final class QueryParameter {

    private QueryParameter() {}

    /**
     * Passes if the value is absent or within the range, its ends included.
     *
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST if not
     */
    public static void requireRange(String name, @Nullable Number value, int least, int most) {
        if (value != null && !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The parameter '%s' is %s; it must lie between %d and %d."
                                    .formatted(name, value, least, most))
                    .asException();
        }
    }
}
