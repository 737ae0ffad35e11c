package dev.gnserve.scaling;

import java.util.Arrays;

/**
 * One replica: requests are served one after the other, each in the same time, and those for which the queue has no place are
 * refused (M/D/1/K). It keeps what Prometheus scrapes of it, in slots of the time between two scrapes: the histogram of waits, and
 * for how long the processor was busy.
 */
final class Pod {

    /** Seconds between two scrapes. */
    static final double SCRAPE = 15;

    /** A rate over two minutes takes in eight scrapes, and so what happened in the seven slots between them. */
    private static final int WINDOW = 7;

    private final Buckets buckets;
    private final double readyAt;
    private final double serviceSeconds;
    private final double longestWait;
    private final int ahead;
    private final long[][] waits;
    private final double[] busy;
    private double freeAt;

    /**
     * @param readyAt when it begins to serve
     * @param serviceSeconds of one request
     */
    Pod(double readyAt, double serviceSeconds, int queueCapacity, Buckets buckets) {
        this.buckets = buckets;
        this.readyAt = readyAt;
        this.serviceSeconds = serviceSeconds;
        this.longestWait = queueCapacity * serviceSeconds;
        this.ahead = 1 + (int) Math.ceil(longestWait / SCRAPE);
        this.waits = new long[WINDOW + 1 + ahead][];
        Arrays.setAll(waits, slot -> buckets.empty());
        this.busy = new double[WINDOW + 1 + ahead];
        this.freeAt = readyAt;
    }

    /** Seconds that a request waits which comes now; negative if it is refused. Calls are in the order of time. */
    double serve(double now) {
        double wait = Math.max(0, freeAt - now);
        if (wait > longestWait) {
            return -1;
        }
        double begins = now + wait;
        freeAt = begins + serviceSeconds;
        int slot = slot(begins);
        waits[slot][buckets.of(wait)]++; // Told when it is over, as the real histogram does.
        busy[slot] += serviceSeconds;
        return wait;
    }

    /** A scrape: a slot ends, and the one that lies farthest ahead takes the place of the oldest. */
    void scraped(double now) {
        int next = slot(now + ahead * SCRAPE);
        waits[next] = buckets.empty();
        busy[next] = 0;
    }

    double readyAt() {
        return readyAt;
    }

    boolean isReady(double now) {
        return readyAt <= now;
    }

    /** Whether there is a rate: between two scrapes. */
    boolean isMeasured(double now) {
        return readyAt + 2 * SCRAPE <= now;
    }

    /** Share of the time between the last two scrapes that it was busy. */
    double processor(double now) {
        return Math.min(1, busy[slot(now - SCRAPE / 2)] / SCRAPE);
    }

    /** Adds the waits that ended within the window, by bucket. */
    void addWaits(double now, long[] sums) {
        for (int back = 0; back < WINDOW; back++) {
            long[] counts = waits[slot(now - (back + 0.5) * SCRAPE)];
            for (int i = 0; i < sums.length; i++) {
                sums[i] += counts[i];
            }
        }
    }

    private int slot(double time) {
        return Math.floorMod((long) Math.floor(time / SCRAPE), waits.length);
    }
}
