package dev.gnserve.model;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A model has entered a state.
 *
 * @param model whose name
 * @param version of the model
 * @param state the new one
 * @param reason why it failed, or null
 * @param loadTime how long loading and warm-up took, once ready, or null
 */
public record ModelStateChanged(
        String model,
        String version,
        ModelState state,
        @Nullable String reason,
        @Nullable Duration loadTime) {}
