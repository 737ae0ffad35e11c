package dev.gnserve.model;

import dev.gnserve.backend.ModelInput;
import java.time.Duration;

/**
 * How long the passes of one model take, and so how many inputs one batch may have. A time is kept for each power of two of
 * elements, since the time of an element grows with the input. Thread-safe.
 */
final class PassTimes {

    /** Weight of the newest pass. The last five passes have about 90% of the weight. */
    private static final double NEWEST = 0.4;

    private final double limitNanos;
    private final double[] nanosPerElement = new double[Long.SIZE]; // 0 where not measured; guarded by this

    /** @param limit how long a pass of several inputs may take */
    PassTimes(Duration limit) {
        limitNanos = limit.toNanos();
    }

    /**
     * Records a pass.
     *
     * @param input one of the inputs, which are of equal shape
     * @param inputs their number
     */
    synchronized void record(ModelInput input, int inputs, Duration time) {
        double seen = (double) time.toNanos() / inputs / Math.max(1, input.elements());
        int size = size(input);
        double before = nanosPerElement[size];
        nanosPerElement[size] = before == 0 ? seen : before + NEWEST * (seen - before);
    }

    /** How many such inputs fit into the time of one pass, by the passes of the most similar size; 1 at least. */
    synchronized int mostAtOnce(ModelInput input) {
        int size = size(input);
        for (int away = 0; away < nanosPerElement.length; away++) {
            for (int other : new int[] {size - away, size + away}) {
                if (other >= 0 && other < nanosPerElement.length && nanosPerElement[other] > 0) {
                    return (int) Math.max(1, limitNanos / (nanosPerElement[other] * Math.max(1, input.elements())));
                }
            }
        }
        return Integer.MAX_VALUE;
    }

    private static int size(ModelInput input) {
        return Long.SIZE - 1 - Long.numberOfLeadingZeros(Math.max(1, input.elements()));
    }
}
