package dev.gnserve.batching;

import java.time.Duration;

/**
 * How long one batch took, by stage.
 *
 * @param assemble joining the items to the engine's input
 * @param infer the forward pass
 * @param split splitting the engine's output into one result per item
 */
public record StageTimes(Duration assemble, Duration infer, Duration split) {

    public static final StageTimes NONE = new StageTimes(Duration.ZERO, Duration.ZERO, Duration.ZERO);

    public Duration total() {
        return assemble.plus(infer).plus(split);
    }
}
