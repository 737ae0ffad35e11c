package dev.gnserve.batching;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How long batches take a worker: moving averages over recent batches, from which waits are estimated. Thread-safe. */
final class ServiceRate {

    /** Weight of the newest batch: about the last ten batches decide. */
    private static final double NEWEST = 0.2;

    /** A batch may take this much longer than estimated, because averages are exceeded every other time. */
    private static final double SLACK = 1.25;

    /** The time that a worker needs to wake up while all cores are busy. */
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

    /** The time after which {@code items} will have been served; null while nothing has been measured. */
    synchronized @Nullable Duration timeFor(int items) {
        return measured ? Duration.ofNanos((long) (nanosPerItem * items / workers)) : null;
    }

    /**
     * How long before a deadline a batch of {@code items} has to start, so that it ends in time.
     *
     * <p>The estimate does not fall below the true time of a batch that costs a fixed part and a part per item: the mean
     * batch covers all that are smaller, and the mean time per item covers all that are larger. Shapes that differ in
     * cost share one estimate.
     *
     * @return longer than any deadline while nothing has been measured, which means at once: any wait may be too long, and
     *     the batch that runs at once is the measurement
     */
    synchronized long leadNanos(int items) {
        return measured
                ? (long) (SLACK * Math.max(nanosPerBatch, nanosPerItem * items)) + WAKE_UP_NANOS
                : AT_ONCE_NANOS;
    }
}
