package dev.gnserve.model;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Event: a model has entered a state.
 *
 * @param model name of the model
 * @param version version of the model
 * @param state the new state
 * @param reason why it failed, or null
 * @param loadTime the time for loading and warm-up; null if the model was never ready
 */
public record ModelStateChanged(
        String model,
        String version,
        ModelState state,
        @Nullable String reason,
        @Nullable Duration loadTime) {}
