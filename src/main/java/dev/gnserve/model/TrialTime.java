package dev.gnserve.model;

import dev.gnserve.backend.TensorShape;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Bounds the time of trial passes: a pass runs only if it ends in time, by the slowest pass so far. Not thread-safe. */
final class TrialTime {

    private static final long MOST_SECONDS = 60;

    /** If the shape of the input was said, the others only show which sizes run besides. */
    private static final long MOST_SECONDS_BESIDES = 20;

    /** Passes that take longer are reported. */
    private static final double SLOW_SECONDS = 2;

    /** A pass over fewer values, of an image of 128 x 128 pixels, takes about as long as over so many: most of it does not grow. */
    private static final int LEAST_VALUES = 3 * 128 * 128;

    private final long start = System.nanoTime();
    private final long most;
    private final Consumer<String> progress;
    private double secondsPerValue;
    private String slowest = "";

    /**
     * Starts now.
     *
     * @param stated whether the shape of the input was said
     * @param progress receives a sentence for each slow pass
     */
    TrialTime(boolean stated, Consumer<String> progress) {
        this.most = stated ? MOST_SECONDS_BESIDES : MOST_SECONDS;
        this.progress = progress;
    }

    /** Whether a pass over an input ends in time. The first one always does. */
    boolean allows(TensorShape input) {
        return seconds(start) + secondsPerValue * input.elements() <= most;
    }

    /** Counts a pass. */
    void add(TensorShape input, long startNanos) {
        double seconds = seconds(startNanos);
        double perValue = seconds / Math.max(LEAST_VALUES, input.elements());
        if (perValue > secondsPerValue) {
            secondsPerValue = perValue;
            slowest = String.format(Locale.ROOT, "a trial pass over %s took %.1f s", input, seconds);
        }
        if (seconds > SLOW_SECONDS) {
            progress.accept(String.format(Locale.ROOT, "a trial pass over %s took %.1f s", input, seconds));
        }
    }

    /** Why inputs were left out, as a sentence. */
    String leftOut() {
        return "no input that was tried fits, and others would take longer than " + most + " s: " + slowest
                + ". Say the shape of the input";
    }

    private static double seconds(long sinceNanos) {
        return (System.nanoTime() - sinceNanos) / (double) TimeUnit.SECONDS.toNanos(1);
    }
}
