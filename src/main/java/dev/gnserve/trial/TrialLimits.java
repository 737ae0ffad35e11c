package dev.gnserve.trial;

import java.time.Duration;

/**
 * How long trials may take.
 *
 * @param first what an archive gets at first; one that needs longer is tried again after all others that wait
 * @param longest what it gets then
 * @param start of the trial process
 * @param idle how long the process waits for the next archive
 */
public record TrialLimits(Duration first, Duration longest, Duration start, Duration idle) {

    private static final Duration FIRST = Duration.ofSeconds(10);

    /** Usual limits, with this time for an archive. */
    public static TrialLimits of(Duration longest) {
        Duration first = longest.compareTo(FIRST) < 0 ? longest : FIRST;
        return new TrialLimits(first, longest, Duration.ofMinutes(1), Duration.ofSeconds(10));
    }

    public TrialLimits {
        if (longest.isNegative() || longest.isZero()) {
            throw new IllegalArgumentException("gnserve.trial.time is " + longest + ", allowed is more than zero");
        }
    }

    /** Whether a second trial gets longer than the first. */
    boolean hasSecond() {
        return first.compareTo(longest) < 0;
    }
}
