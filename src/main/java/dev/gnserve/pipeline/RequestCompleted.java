package dev.gnserve.pipeline;

import dev.gnserve.failure.FailureCode;
import org.jspecify.annotations.Nullable;

/**
 * A request has its answer.
 *
 * @param model the model asked for, or null when there is none of that name: a request must not create a time series
 * @param version of the model, or null
 * @param failure why it failed as a whole, or null
 */
public record RequestCompleted(
        @Nullable String model,
        @Nullable String version,
        @Nullable FailureCode failure) {}
