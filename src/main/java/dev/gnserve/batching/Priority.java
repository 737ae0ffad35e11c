package dev.gnserve.batching;

import java.time.Duration;

/**
 * How urgent an item is, as the Open Inference Protocol counts: 1 is the most urgent, larger numbers wait longer.
 *
 * <p>A level is a head start in the queue, not a right of way: an item is served as if it had arrived {@link #STEP}
 * earlier than one of the next level. So the least urgent item is overtaken only by what arrives within 8 steps of it,
 * and none starves.
 *
 * @param level 1 to 9
 */
public record Priority(int level) {

    public static final int MOST_URGENT = 1;
    public static final int LEAST_URGENT = 9;

    /** Of an item that asks for none: in the middle, so that there is room on both sides. */
    public static final Priority DEFAULT = new Priority(5);

    /** What one level is worth: about the time that a well-sized queue takes to be worked off. */
    static final Duration STEP = Duration.ofSeconds(1);

    public Priority {
        if (level < MOST_URGENT || level > LEAST_URGENT) {
            throw new IllegalArgumentException(
                    "priority is " + level + ", allowed is " + MOST_URGENT + " to " + LEAST_URGENT);
        }
    }

    /**
     * The parameter {@code priority} of a request of the Open Inference Protocol, an unsigned number: 0 asks for the
     * default, and what is above the least urgent level is of that level.
     */
    public static Priority ofParameter(long value) {
        if (value == 0) {
            return DEFAULT;
        }
        return value < 0 || value > LEAST_URGENT ? new Priority(LEAST_URGENT) : new Priority((int) value);
    }

    boolean isMoreUrgentThan(Priority other) {
        return level < other.level;
    }
}
