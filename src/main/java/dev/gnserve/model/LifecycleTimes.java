package dev.gnserve.model;

import java.time.Duration;

/**
 * How long a model may take to end, and to answer.
 *
 * @param drain for what was accepted, when a model is unloaded or replaced
 * @param hang for one forward pass; a longer one fails, and takes the model out of READY
 */
public record LifecycleTimes(Duration drain, Duration hang) {

    public static final LifecycleTimes DEFAULT = new LifecycleTimes(Duration.ofSeconds(20), Duration.ofMinutes(2));

    public LifecycleTimes {
        if (drain.isNegative() || hang.isNegative() || hang.isZero()) {
            throw new IllegalArgumentException("a drain time of " + drain + " and a hang time of " + hang
                    + " are not allowed: neither may be negative, nor the latter zero");
        }
    }
}
