package dev.gnserve.scaling;

import java.time.Duration;
import java.util.List;

/** The buckets of a histogram as Prometheus has them, from zero to each bound, and one beyond the last. Immutable. */
final class Buckets {

    /** In seconds, upwards. */
    private final double[] bounds;

    Buckets(List<Duration> bounds) {
        this.bounds =
                bounds.stream().mapToDouble(bound -> bound.toNanos() / 1e9).toArray();
    }

    long[] empty() {
        return new long[bounds.length + 1];
    }

    /** Which one a time in seconds falls into. */
    int of(double seconds) {
        int at = 0;
        while (at < bounds.length && seconds > bounds[at]) {
            at++;
        }
        return at;
    }

    /** As {@code histogram_quantile} interpolates, in seconds; 0 of nothing. */
    double quantile(double share, long[] counts) {
        double total = 0;
        for (long count : counts) {
            total += count;
        }
        double rank = share * total;
        double before = 0;
        for (int i = 0; i < bounds.length && total > 0; i++) {
            if (before + counts[i] >= rank) {
                double lower = i == 0 ? 0 : bounds[i - 1];
                return lower + (bounds[i] - lower) * (rank - before) / Math.max(1, counts[i]);
            }
            before += counts[i];
        }
        return total > 0 ? bounds[bounds.length - 1] : 0;
    }
}
