package dev.gnserve.backend;

import dev.gnserve.archive.TapHeader;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@code group_norm} that a tapped model made: what it was given and what it gave.
 *
 * @param input as float32, whatever the engine computed in
 * @param weight scale per channel, or null
 * @param bias shift per channel, or null
 */
public record TappedCall(
        TapHeader header,
        FloatTensor input,
        FloatTensor output,
        @Nullable FloatTensor weight,
        @Nullable FloatTensor bias) {}
