package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Why a queue does not take an item, and when to come back, by how long items have taken lately. Thread-safe. */
final class Refusals {

    /** Retry-After while no batch has been measured. */
    private static final Duration UNKNOWN_WAIT = Duration.ofSeconds(1);

    private final String model;
    private final int queueCapacity;
    private final ServiceRate rate;

    Refusals(String model, int queueCapacity, ServiceRate rate) {
        this.model = model;
        this.queueCapacity = queueCapacity;
        this.rate = rate;
    }

    Failure full() {
        return overloaded("all " + queueCapacity + " places in the queue of model " + model + " are taken");
    }

    Failure displaced() {
        return overloaded("the queue of model " + model + " is full and this place went to a more urgent request");
    }

    /** Null unless the items ahead alone take longer than there is time. */
    @Nullable
    Failure tooLate(Deadline deadline, long nowNanos, int ahead) {
        Duration wait = rate.timeFor(ahead);
        Duration left = deadline.remaining(nowNanos);
        if (wait == null || wait.compareTo(left) <= 0) {
            return null;
        }
        return new Failure(
                FailureCode.DEADLINE_EXCEEDED,
                "%s cannot be met: %d items wait for model %s before this one, which at the measured rate takes %d ms; allow more time or come back later"
                        .formatted(deadline, ahead, model, wait.toMillis()),
                wait.minus(left),
                null);
    }

    private Failure overloaded(String why) {
        Duration measured = rate.timeFor(queueCapacity);
        Duration wait = measured == null ? UNKNOWN_WAIT : measured;
        return new Failure(
                FailureCode.OVERLOADED,
                why + "; at the measured rate it takes " + wait.toMillis() + " ms to work them off",
                wait,
                null);
    }
}
