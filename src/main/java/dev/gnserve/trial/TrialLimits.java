package dev.gnserve.trial;

import java.time.Duration;

/**
 * How long trials may take.
 *
 * @param least what an archive gets in the first round when those before it looped
 * @param first what an archive gets in the first and second round
 * @param longest what it gets in the last round
 * @param start of the trial process
 * @param idle how long the process waits for the next archive
 */
public record TrialLimits(Duration least, Duration first, Duration longest, Duration start, Duration idle) {

    private static final Duration LEAST = Duration.ofSeconds(2);
    private static final Duration FIRST = Duration.ofSeconds(10);

    /** Usual limits, with this time for an archive. */
    public static TrialLimits of(Duration longest) {
        return new TrialLimits(
                shorter(LEAST, longest),
                shorter(FIRST, longest),
                longest,
                Duration.ofMinutes(1),
                Duration.ofSeconds(10));
    }

    public TrialLimits {
        if (longest.isNegative() || longest.isZero()) {
            throw new IllegalArgumentException("gnserve.trial.time is " + longest + ", allowed is more than zero");
        }
    }

    /** What an archive gets in the first round after so many trials in a row that were too long. */
    Duration firstAfter(int tooLong) {
        Duration share = first.dividedBy(1L << Math.min(tooLong, 10));
        return share.compareTo(least) < 0 ? least : share;
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
