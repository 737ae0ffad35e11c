package dev.gnserve.batching;

import java.time.Duration;

/**
 * How items become batches.
 *
 * @param maxSize largest number of items in one batch
 * @param maxDelay how long the oldest item may wait for others to fill its batch while a worker is idle, counted from its
 *     arrival. Zero: an idle worker never waits, so a batch holds what arrived while all workers were busy
 * @param queueCapacity largest number of items in the queue; further items are refused
 * @param maxTime how long a batch of several items may take, as far as measured: items of a shape that take longer run in smaller
 *     batches. A small item never waits longer than this for one worker
 */
public record BatchPolicy(int maxSize, Duration maxDelay, int queueCapacity, Duration maxTime) {

    private static final Duration LONGEST_DELAY = Duration.ofSeconds(10);

    private static final Duration USUAL_TIME = Duration.ofMillis(500);
    private static final Duration LONGEST_TIME = Duration.ofMinutes(10);

    public static final BatchPolicy DEFAULT = new BatchPolicy(4, Duration.ZERO, 64);

    public BatchPolicy {
        if (maxSize < 1 || maxSize > 1024) {
            throw new IllegalArgumentException("maxSize is " + maxSize + ", allowed is 1 to 1024");
        }
        if (maxDelay.isNegative() || maxDelay.compareTo(LONGEST_DELAY) > 0) {
            throw new IllegalArgumentException("maxDelay is " + maxDelay + ", allowed is 0 to " + LONGEST_DELAY);
        }
        if (queueCapacity < maxSize) {
            throw new IllegalArgumentException(
                    "queueCapacity is " + queueCapacity + ", allowed is maxSize (" + maxSize + ") or more");
        }
        if (maxTime.isNegative() || maxTime.isZero() || maxTime.compareTo(LONGEST_TIME) > 0) {
            throw new IllegalArgumentException(
                    "maxTime is " + maxTime + ", allowed is more than 0 up to " + LONGEST_TIME);
        }
    }

    /** A policy with the usual {@code maxTime}, half a second. */
    public BatchPolicy(int maxSize, Duration maxDelay, int queueCapacity) {
        this(maxSize, maxDelay, queueCapacity, USUAL_TIME);
    }
}
