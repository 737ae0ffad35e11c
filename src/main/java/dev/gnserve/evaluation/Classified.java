package dev.gnserve.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Counts classified images. Not thread-safe. */
final class Classified {

    private static final int STEPS = 15;
    private static final int TOP = 5;

    private final List<String> labels;
    private final ConfusionMatrix confusion;
    private final double[] scores = new double[STEPS];
    private final int[] right = new int[STEPS];
    private final int[] images = new int[STEPS];
    private int amongTop;

    Classified(List<String> labels) {
        this.labels = labels;
        this.confusion = new ConfusionMatrix(labels.size());
    }

    /**
     * Adds an image.
     *
     * @param ranked labels of the model, best first
     * @param score of the best
     */
    void add(int truth, List<Integer> ranked, double score) {
        int best = ranked.get(0);
        confusion.add(truth, best);
        amongTop += ranked.subList(0, Math.min(TOP, ranked.size())).contains(truth) ? 1 : 0;
        // Steps are open below and closed above, as in the paper.
        int step = Math.min(STEPS - 1, Math.max(0, (int) Math.ceil(score * STEPS) - 1));
        scores[step] += score;
        images[step]++;
        right[step] += truth == best ? 1 : 0;
    }

    int count() {
        return Arrays.stream(images).sum();
    }

    double calibrationError() {
        double sum = 0;
        for (int step = 0; step < STEPS; step++) {
            sum += Math.abs(scores[step] - right[step]);
        }
        return sum / count();
    }

    /** The part that is right over the mean score, for each step that has images. */
    Curve calibration() {
        List<Curve.Point> points = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            if (images[step] > 0) {
                points.add(new Curve.Point(scores[step] / images[step], (double) right[step] / images[step]));
            }
        }
        return new Curve("the model", points);
    }

    ClassificationReport report(String model, String version, String data) {
        List<ClassificationReport.ClassScores> rows = new ArrayList<>();
        List<List<Long>> counts = new ArrayList<>();
        double recalls = 0;
        int occurring = 0;
        for (int label = 0; label < labels.size(); label++) {
            long[] row = confusion.counts()[label];
            counts.add(Arrays.stream(row).boxed().toList());
            long truth = confusion.truth(label);
            long found = confusion.found(label);
            rows.add(new ClassificationReport.ClassScores(
                    labels.get(label),
                    truth,
                    part(row[label], found),
                    part(row[label], truth),
                    part(2 * row[label], truth + found)));
            if (truth > 0) {
                recalls += (double) row[label] / truth;
                occurring++;
            }
        }
        return new ClassificationReport(
                model,
                version,
                data,
                count(),
                confusion.accuracy(),
                labels.size() > TOP ? (double) amongTop / count() : null,
                recalls / occurring,
                calibrationError(),
                rows,
                counts);
    }

    private static @Nullable Double part(long part, long whole) {
        return whole == 0 ? null : (double) part / whole;
    }
}
