package dev.gnserve.scaling;

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

    /** Upper bounds in seconds of the buckets of gnserve_queue_wait_seconds. */
    private static final double[] BOUNDS = {
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3,
        0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60
    };

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
    Pod(double readyAt, double serviceSeconds, int queueCapacity) {
        this.readyAt = readyAt;
        this.serviceSeconds = serviceSeconds;
        this.longestWait = queueCapacity * serviceSeconds;
        this.ahead = 1 + (int) Math.ceil(longestWait / SCRAPE);
        this.waits = new long[WINDOW + 1 + ahead][BOUNDS.length + 1];
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
        waits[slot][bucket(wait)]++; // Told when it is over, as the real histogram does.
        busy[slot] += serviceSeconds;
        return wait;
    }

    /** A scrape: a slot ends, and the one that lies farthest ahead takes the place of the oldest. */
    void scraped(double now) {
        int next = slot(now + ahead * SCRAPE);
        waits[next] = new long[BOUNDS.length + 1];
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

    static long[] noWaits() {
        return new long[BOUNDS.length + 1];
    }

    /** As {@code histogram_quantile} interpolates; 0 of nothing. */
    static double quantile(double share, long[] counts) {
        double total = 0;
        for (long count : counts) {
            total += count;
        }
        double rank = share * total;
        double before = 0;
        for (int i = 0; i < BOUNDS.length && total > 0; i++) {
            if (before + counts[i] >= rank) {
                double lower = i == 0 ? 0 : BOUNDS[i - 1];
                return lower + (BOUNDS[i] - lower) * (rank - before) / Math.max(1, counts[i]);
            }
            before += counts[i];
        }
        return total > 0 ? BOUNDS[BOUNDS.length - 1] : 0;
    }

    private int slot(double time) {
        return Math.floorMod((long) Math.floor(time / SCRAPE), waits.length);
    }

    private static int bucket(double wait) {
        int at = 0;
        while (at < BOUNDS.length && wait > BOUNDS[at]) {
            at++;
        }
        return at;
    }
}
