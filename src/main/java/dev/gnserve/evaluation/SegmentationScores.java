package dev.gnserve.evaluation;

import java.util.Map;
import java.util.TreeMap;

/**
 * How well predicted objects and foreground fit the truth: the Dice coefficient of the foreground, averaged over images, and the F1 score of objects
 * matched at an intersection over union above 0.5, pooled over all objects.
 *
 * @param images number of images
 * @param diceSum sum of the images' Dice coefficients
 * @param found predicted objects that match a true one
 * @param predicted all predicted objects
 * @param expected all true objects
 */
public record SegmentationScores(int images, double diceSum, int found, int predicted, int expected) {

    public static final SegmentationScores NONE = new SegmentationScores(0, 0, 0, 0, 0);

    /** Scores of one image from object numbers, 0 for background. */
    public static SegmentationScores of(int[] truth, int[] prediction, boolean[] foreground) {
        return new SegmentationScores(
                1, dice(truth, foreground), matches(truth, prediction), objects(prediction), objects(truth));
    }

    public SegmentationScores plus(SegmentationScores other) {
        return new SegmentationScores(
                images + other.images,
                diceSum + other.diceSum,
                found + other.found,
                predicted + other.predicted,
                expected + other.expected);
    }

    public double dice() {
        return images == 0 ? Double.NaN : diceSum / images;
    }

    public double f1() {
        return predicted + expected == 0 ? 1 : 2.0 * found / (predicted + expected);
    }

    private static double dice(int[] truth, boolean[] foreground) {
        long common = 0;
        long both = 0;
        for (int i = 0; i < truth.length; i++) {
            boolean expected = truth[i] != 0;
            common += expected && foreground[i] ? 1 : 0;
            both += (expected ? 1 : 0) + (foreground[i] ? 1 : 0);
        }
        return both == 0 ? 1 : 2.0 * common / both;
    }

    /** Above one half, an object has at most one partner, so counting the pairs is the matching. */
    private static int matches(int[] truth, int[] prediction) {
        Map<Long, Integer> common = new TreeMap<>();
        Map<Integer, Integer> trueAreas = new TreeMap<>();
        Map<Integer, Integer> predictedAreas = new TreeMap<>();
        for (int i = 0; i < truth.length; i++) {
            if (truth[i] != 0) {
                trueAreas.merge(truth[i], 1, Integer::sum);
            }
            if (prediction[i] != 0) {
                predictedAreas.merge(prediction[i], 1, Integer::sum);
            }
            if (truth[i] != 0 && prediction[i] != 0) {
                common.merge((long) truth[i] << 32 | prediction[i], 1, Integer::sum);
            }
        }
        int matches = 0;
        for (Map.Entry<Long, Integer> pair : common.entrySet()) {
            int trueArea = trueAreas.getOrDefault((int) (pair.getKey() >> 32), 0);
            int predictedArea = predictedAreas.getOrDefault((int) (long) pair.getKey(), 0);
            int union = trueArea + predictedArea - pair.getValue();
            if (2L * pair.getValue() > union) {
                matches++;
            }
        }
        return matches;
    }

    private static int objects(int[] ids) {
        return (int)
                java.util.Arrays.stream(ids).filter(id -> id != 0).distinct().count();
    }
}
