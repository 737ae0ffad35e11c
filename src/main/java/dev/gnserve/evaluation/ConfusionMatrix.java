package dev.gnserve.evaluation;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Counts of pixels or images by their true and their found class. Not thread-safe. */
final class ConfusionMatrix {

    private final long[][] counts;

    /** @param classes how many, with the background if there is one */
    ConfusionMatrix(int classes) {
        counts = new long[classes][classes];
    }

    void add(int truth, int found) {
        counts[truth][found]++;
    }

    void add(ConfusionMatrix other) {
        for (int truth = 0; truth < counts.length; truth++) {
            for (int found = 0; found < counts.length; found++) {
                counts[truth][found] += other.counts[truth][found];
            }
        }
    }

    /** Mean IoU of the classes that are true or found somewhere; NaN if there is none. */
    double meanIou() {
        return IntStream.range(0, counts.length)
                .mapToDouble(this::iou)
                .filter(value -> !Double.isNaN(value))
                .average()
                .orElse(Double.NaN);
    }

    /** The same for Dice. */
    double meanDice() {
        return IntStream.range(0, counts.length)
                .mapToDouble(this::dice)
                .filter(value -> !Double.isNaN(value))
                .average()
                .orElse(Double.NaN);
    }

    /** [truth][found]. */
    long[][] counts() {
        return Arrays.stream(counts).map(long[]::clone).toArray(long[][]::new);
    }

    /** Pixels whose true class is this. */
    long truth(int label) {
        return Arrays.stream(counts[label]).sum();
    }

    /** Pixels of which this class was found. */
    long found(int label) {
        return Arrays.stream(counts).mapToLong(row -> row[label]).sum();
    }

    long pixels() {
        return Arrays.stream(counts).flatMapToLong(Arrays::stream).sum();
    }

    /** Intersection over union; NaN for a class that is neither true nor found anywhere. */
    double iou(int label) {
        return ratio(counts[label][label], truth(label) + found(label) - counts[label][label]);
    }

    /** Twice the intersection over the sum of both; NaN as {@link #iou}. */
    double dice(int label) {
        return ratio(2 * counts[label][label], truth(label) + found(label));
    }

    /** The part of the pixels whose class was found right. */
    double accuracy() {
        long right = 0;
        for (int label = 0; label < counts.length; label++) {
            right += counts[label][label];
        }
        return ratio(right, pixels());
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? Double.NaN : (double) part / whole;
    }
}
