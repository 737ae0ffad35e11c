package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import org.jspecify.annotations.Nullable;

/** Checks of query parameters. */
public final class QueryParameter {

    private QueryParameter() {}

    /**
     * Accepts an absent value, or one from {@code least} to {@code most}.
     *
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST for another value
     */
    public static void requireRange(String name, @Nullable Number value, int least, int most) {
        if (value != null && !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The parameter '%s' is %s. It must be between %d and %d."
                                    .formatted(name, value, least, most))
                    .asException();
        }
    }
}
