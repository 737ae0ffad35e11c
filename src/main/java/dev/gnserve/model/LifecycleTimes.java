package dev.gnserve.model;

import java.time.Duration;

/**
 * Time limits of a model's life.
 *
 * @param drain for the accepted requests, when a model is unloaded or replaced
 * @param hang for one call into the engine, such as loading or a forward pass. When a pass takes longer, its requests fail and the
 *     model is not READY until it returns
 * @param settle how long new files of a model must be unchanged before they are loaded automatically
 */
public record LifecycleTimes(Duration drain, Duration hang, Duration settle) {

    public static final LifecycleTimes DEFAULT =
            new LifecycleTimes(Duration.ofSeconds(20), Duration.ofMinutes(2), Duration.ofSeconds(5));

    public LifecycleTimes {
        if (drain.isNegative() || hang.isNegative() || hang.isZero() || settle.isNegative()) {
            throw new IllegalArgumentException("drain, hang and settle times are " + drain + ", " + hang + " and "
                    + settle + ", allowed is 0 or more, and a hang time above 0");
        }
    }
}
