package dev.gnserve.batching;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Estimates waiting times from moving averages of recent batch times. Thread-safe. */
final class ServiceRate {

    /** Weight of the newest batch. The last ten batches have about 90% of the weight. */
    private static final double NEWEST = 0.2;

    /** Safety factor: about half of all batches take longer than the average. */
    private static final double SLACK = 1.25;

    /** Time for a worker to wake up while all cores are busy. */
    private static final long WAKE_UP_NANOS = Duration.ofMillis(5).toNanos();

    /** Longer than any deadline. */
    private static final long AT_ONCE_NANOS = Duration.ofDays(1_000).toNanos();

    private final int workers;
    private boolean measured;
    private double nanosPerItem;
    private double nanosPerBatch;

    ServiceRate(int workers) {
        this.workers = Math.max(1, workers);
    }

    synchronized void record(long batchNanos, int items) {
        double ofItem = (double) batchNanos / items;
        nanosPerItem = measured ? nanosPerItem + NEWEST * (ofItem - nanosPerItem) : ofItem;
        nanosPerBatch = measured ? nanosPerBatch + NEWEST * (batchNanos - nanosPerBatch) : batchNanos;
        measured = true;
    }

    /** The estimated time until {@code items} are processed; null before the first measurement. */
    synchronized @Nullable Duration timeFor(int items) {
        return measured ? Duration.ofNanos((long) (nanosPerItem * items / workers)) : null;
    }

    /**
     * How long before a deadline a batch of {@code items} must start to end in time.
     *
     * <p>If a batch costs a fixed time plus a time per item, the estimate is never too low: the mean batch time bounds all
     * smaller batches, and the mean time per item bounds all larger ones. All shapes share one estimate.
     *
     * @return before the first measurement longer than any deadline, so that a batch starts at once and is measured
     */
    synchronized long leadNanos(int items) {
        return measured
                ? (long) (SLACK * Math.max(nanosPerBatch, nanosPerItem * items)) + WAKE_UP_NANOS
                : AT_ONCE_NANOS;
    }
}
