package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Makes the failures of refused items. Retry-After is estimated from recent batches. Thread-safe. */
final class Refusals {

    /** Retry-After before the first measured batch. */
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
        return overloaded(
                "the queue of model " + model + " is full, and a more urgent request took the place of this one");
    }

    /** The failure if the items ahead alone take longer than the deadline allows; null if they do not. */
    @Nullable
    Failure tooLate(Deadline deadline, long nowNanos, int ahead) {
        Duration wait = rate.timeFor(ahead);
        Duration left = deadline.remaining(nowNanos);
        if (wait == null || wait.compareTo(left) <= 0) {
            return null;
        }
        return new Failure(
                FailureCode.DEADLINE_EXCEEDED,
                "%s cannot be met: %d items for model %s wait before this one and take about %d ms; allow more time or retry later"
                        .formatted(deadline, ahead, model, wait.toMillis()),
                wait.minus(left),
                null);
    }

    private Failure overloaded(String why) {
        Duration measured = rate.timeFor(queueCapacity);
        Duration wait = measured == null ? UNKNOWN_WAIT : measured;
        return new Failure(
                FailureCode.OVERLOADED,
                why + "; retry in " + wait.toMillis() + " ms, when the queue should have room",
                wait,
                null);
    }
}
