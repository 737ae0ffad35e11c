package dev.gnserve.model;

import java.time.Duration;

/**
 * How long a model may take to end and to answer, and its files to come to rest.
 *
 * @param drain for what was accepted, when a model is unloaded or replaced
 * @param hang for one call into the engine, as loading or a forward pass; a longer pass fails, and takes the model out of READY until
 *     it returns
 * @param settle how long new files of a model must stay unchanged before they are loaded by themselves
 */
public record LifecycleTimes(Duration drain, Duration hang, Duration settle) {

    public static final LifecycleTimes DEFAULT =
            new LifecycleTimes(Duration.ofSeconds(20), Duration.ofMinutes(2), Duration.ofSeconds(5));

    public LifecycleTimes {
        if (drain.isNegative() || hang.isNegative() || hang.isZero() || settle.isNegative()) {
            throw new IllegalArgumentException(
                    "a drain time of " + drain + ", a hang time of " + hang + " and a settle time of " + settle
                            + " are not allowed: none may be negative, nor the second zero");
        }
    }
}
