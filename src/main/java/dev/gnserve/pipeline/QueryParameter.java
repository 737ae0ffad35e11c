package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import org.jspecify.annotations.Nullable;

/** Checks of query parameters. */
public final class QueryParameter {

    /** The largest number of a page. */
    static final int MOST_PAGES = 65_536;

    private QueryParameter() {}

    /**
     * Accepts the number of a page.
     *
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST for another number
     */
    public static int requirePage(int page) {
        requireRange("page", page, 1, MOST_PAGES);
        return page;
    }

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
