package dev.gnserve.backend;

import dev.gnserve.archive.TapHeader;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@code group_norm} in an instrumented model, with its input and output.
 *
 * @param input converted to float32
 * @param output converted to float32
 * @param weight scale per channel, or null
 * @param bias shift per channel, or null
 */
public record TappedCall(
        TapHeader header,
        FloatTensor input,
        FloatTensor output,
        @Nullable FloatTensor weight,
        @Nullable FloatTensor bias) {}
