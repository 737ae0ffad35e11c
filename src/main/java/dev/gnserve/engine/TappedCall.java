package dev.gnserve.engine;

import dev.gnserve.torchscript.TapHeader;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@code group_norm} that a tapped model made: what it was given and what it gave.
 *
 * @param dataType the type that the engine computed in: {@code FP32}, {@code FP16}, {@code BF16} or {@code FP64}; the
 *     values are float32 whatever it is
 * @param weight scale per channel, or null
 * @param bias shift per channel, or null
 */
public record TappedCall(
        TapHeader header,
        String dataType,
        FloatTensor input,
        FloatTensor output,
        @Nullable FloatTensor weight,
        @Nullable FloatTensor bias) {}
