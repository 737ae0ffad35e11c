package dev.gnserve.batching;

import java.time.Duration;

/**
 * How long one batch took, by stage.
 *
 * @param assemble from separate items to the engine's batch input
 * @param infer the forward pass
 * @param split from the engine's batch output to one result per item
 */
public record StageTimes(Duration assemble, Duration infer, Duration split) {

    public static final StageTimes NONE = new StageTimes(Duration.ZERO, Duration.ZERO, Duration.ZERO);

    public Duration total() {
        return assemble.plus(infer).plus(split);
    }
}
