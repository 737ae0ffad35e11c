package dev.gnserve.pipeline;

import dev.gnserve.failure.FailureCode;
import org.jspecify.annotations.Nullable;

/**
 * Event: the outcome of a request is known. Published on its thread.
 *
 * @param model null if no model has the requested name: a request must not create a time series
 * @param failure if the request as a whole failed, else null
 */
public record RequestCompleted(
        @Nullable String model,
        @Nullable String version,
        @Nullable FailureCode failure) {}
