package dev.gnserve.batching;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The moment after which nobody waits for an answer any more, on the clock of a {@link Ticker}.
 *
 * <p>One deadline is made per request and shared by everything that the request submits, so that its tiles do not each
 * get the whole time again.
 */
public final class Deadline {

    /** A year: far enough, and far from the wrap-around of a nanosecond counter. */
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

    /** The moment {@code allowed} from now; longer than a year counts as a year. */
    public static Deadline in(Duration allowed, Ticker ticker) {
        if (allowed.isNegative()) {
            throw new IllegalArgumentException("a deadline cannot lie " + allowed + " in the past");
        }
        Duration bounded = allowed.compareTo(LONGEST) > 0 ? LONGEST : allowed;
        return new Deadline(ticker.nanos() + bounded.toNanos(), bounded);
    }

    public boolean isBounded() {
        return allowed != null;
    }

    /** Whether the deadline has been reached at the ticker's {@code nowNanos}. */
    public boolean passed(long nowNanos) {
        return allowed != null && nowNanos - atNanos >= 0;
    }

    /** What is left at {@code nowNanos}, at least zero; a year when there is no deadline. */
    public Duration remaining(long nowNanos) {
        if (allowed == null) {
            return LONGEST;
        }
        return Duration.ofNanos(Math.max(0, atNanos - nowNanos));
    }

    /** What is left at {@code nowNanos}, negative when it passed; only of a bounded deadline. */
    long nanosLeft(long nowNanos) {
        return atNanos - nowNanos;
    }

    /** The order of bounded deadlines. */
    static int compare(Deadline one, Deadline other) {
        // By difference, because the counter may wrap around.
        return Long.signum(one.atNanos - other.atNanos);
    }

    @Override
    public String toString() {
        return allowed == null ? "no deadline" : "a deadline of " + allowed.toMillis() + " ms";
    }
}
