package dev.gnserve.batching;

import java.time.Duration;

/**
 * How urgent an item is, as in the Open Inference Protocol: 1 is the most urgent, larger numbers wait longer.
 *
 * <p>A level is a head start in the queue: an item is served as if it had arrived {@link #STEP} earlier than an item of the
 * next level. So an item is overtaken only by items that arrive within 8 steps after it, and none starves.
 *
 * @param level 1 to 9
 */
public record Priority(int level) {

    public static final int MOST_URGENT = 1;
    public static final int LEAST_URGENT = 9;

    /** The middle level, for items without a priority. */
    public static final Priority DEFAULT = new Priority(5);

    /** The head start of one level: about the time in which a well-sized queue is processed. */
    static final Duration STEP = Duration.ofSeconds(1);

    public Priority {
        if (level < MOST_URGENT || level > LEAST_URGENT) {
            throw new IllegalArgumentException(
                    "priority is " + level + ", allowed is " + MOST_URGENT + " to " + LEAST_URGENT);
        }
    }

    /**
     * The priority of a parameter {@code priority} of the Open Inference Protocol.
     *
     * @param value unsigned; 0 is the default, and values above 9 count as 9
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
