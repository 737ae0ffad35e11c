package dev.gnserve.batching;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The moment until which a request needs its answer, on the clock of a {@link Ticker}. Immutable and thread-safe.
 *
 * <p>All tiles of a request share its deadline.
 */
public final class Deadline {

    /** Far below the 292 years after which a nanosecond counter wraps around. */
    private static final Duration LONGEST = Duration.ofDays(365);

    private static final Deadline NONE = new Deadline(Long.MAX_VALUE, null);

    private final long atNanos;
    private final @Nullable Duration allowed;

    private Deadline(long atNanos, @Nullable Duration allowed) {
        this.atNanos = atNanos;
        this.allowed = allowed;
    }

    public static Deadline none() {
        return NONE;
    }

    /**
     * A deadline after a duration from now; more than a year counts as a year.
     *
     * @throws IllegalArgumentException if the duration is negative
     */
    public static Deadline in(Duration allowed, Ticker ticker) {
        if (allowed.isNegative()) {
            throw new IllegalArgumentException("the deadline is " + allowed + " from now, allowed is 0 or more");
        }
        Duration bounded = allowed.compareTo(LONGEST) > 0 ? LONGEST : allowed;
        return new Deadline(ticker.nanos() + bounded.toNanos(), bounded);
    }

    public boolean isBounded() {
        return allowed != null;
    }

    /** Whether the deadline is reached at the ticker's {@code nowNanos}. */
    public boolean passed(long nowNanos) {
        return allowed != null && nowNanos - atNanos >= 0;
    }

    /** The time left at {@code nowNanos}, at least zero; a year without a deadline. */
    public Duration remaining(long nowNanos) {
        if (allowed == null) {
            return LONGEST;
        }
        return Duration.ofNanos(Math.max(0, atNanos - nowNanos));
    }

    /** The time left at {@code nowNanos}, negative once it has passed. Only for bounded deadlines. */
    long nanosLeft(long nowNanos) {
        return atNanos - nowNanos;
    }

    /** Compares bounded deadlines. */
    static int compare(Deadline one, Deadline other) {
        // By difference, because the counter may wrap around.
        return Long.signum(one.atNanos - other.atNanos);
    }

    @Override
    public String toString() {
        return allowed == null ? "no deadline" : "a deadline of " + allowed.toMillis() + " ms";
    }
}
