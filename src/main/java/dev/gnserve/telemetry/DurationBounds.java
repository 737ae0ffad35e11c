package dev.gnserve.telemetry;

import java.time.Duration;
import java.util.List;
import java.util.stream.DoubleStream;

/** Upper bounds of the buckets of duration histograms, the same for all, so that the histograms of replicas add up. */
public final class DurationBounds {

    /** Ascending: from the time to copy a small batch to that of the longest forward passes. */
    public static final List<Duration> ALL = DoubleStream.of(
                    0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500,
                    2_500, 5_000, 10_000, 30_000, 60_000)
            .mapToObj(millis -> Duration.ofNanos(Math.round(millis * 1e6)))
            .toList();

    private DurationBounds() {}
}
