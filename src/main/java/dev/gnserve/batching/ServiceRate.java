package dev.gnserve.batching;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How long one item takes a worker: a moving average over recent batches, from which waits are estimated. */
final class ServiceRate {

    /** Weight of the newest batch: about the last ten batches decide. */
    private static final double NEWEST = 0.2;

    private final int workers;
    private double nanosPerItem;

    ServiceRate(int workers) {
        this.workers = Math.max(1, workers);
    }

    synchronized void record(long batchNanos, int items) {
        double measured = (double) batchNanos / items;
        nanosPerItem = nanosPerItem == 0 ? measured : nanosPerItem + NEWEST * (measured - nanosPerItem);
    }

    /** The time after which {@code items} will have been served; null while nothing has been measured. */
    synchronized @Nullable Duration timeFor(int items) {
        return nanosPerItem == 0 ? null : Duration.ofNanos((long) (nanosPerItem * items / workers));
    }
}
