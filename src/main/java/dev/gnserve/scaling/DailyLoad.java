package dev.gnserve.scaling;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Requests per second over one day: a cosine between the night, lowest at 4 o'clock, and the peak at 16 o'clock, times the
 * factor of a burst while there is one.
 *
 * @param night requests per second at the quietest
 * @param peak requests per second at the busiest, bursts aside
 * @param bursts short times of more
 */
public record DailyLoad(double night, double peak, List<Burst> bursts) {

    public static final double SECONDS = 24 * 3_600;

    private static final double QUIETEST = 4 * 3_600;

    public DailyLoad {
        if (!(night > 0 && peak >= night)) {
            throw new IllegalArgumentException("from " + night + " to " + peak
                    + " requests/s; allowed is above 0, and the peak not below the night");
        }
        bursts = List.copyOf(bursts);
    }

    /**
     * A short time of more requests.
     *
     * @param from seconds since midnight
     * @param seconds how long
     * @param factor how many times as many
     */
    public record Burst(double from, double seconds, double factor) {}

    /** With bursts at random times, each of 5 to 10 minutes. */
    public static DailyLoad withBursts(double night, double peak, int bursts, double factor, Random random) {
        List<Burst> all = new ArrayList<>();
        for (int i = 0; i < bursts; i++) {
            all.add(new Burst(random.nextDouble() * SECONDS, 300 + 300 * random.nextDouble(), factor));
        }
        return new DailyLoad(night, peak, all);
    }

    /** Always the same. */
    public static DailyLoad steady(double perSecond) {
        return new DailyLoad(perSecond, perSecond, List.of());
    }

    /** Requests per second at a time of the day, in seconds since midnight. */
    public double at(double time) {
        double day = night + (peak - night) * (1 - Math.cos(2 * Math.PI * (time - QUIETEST) / SECONDS)) / 2;
        double factor = 1;
        for (Burst burst : bursts) {
            if (time >= burst.from() && time < burst.from() + burst.seconds()) {
                factor = Math.max(factor, burst.factor());
            }
        }
        return day * factor;
    }

    /** What {@link #at} never exceeds. */
    public double most() {
        return peak * bursts.stream().mapToDouble(Burst::factor).max().orElse(1);
    }
}
