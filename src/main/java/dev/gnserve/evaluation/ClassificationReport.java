package dev.gnserve.evaluation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a classifier did on labelled images.
 *
 * @param images how many
 * @param accuracy part of the images whose best label is the true one
 * @param top5 part of the images whose true label is among the five best; null for a model of at most five labels
 * @param balancedAccuracy mean recall of the labels that occur
 * @param calibrationError mean distance of the score of the best label from the part that is right, over 15 equal steps of the score,
 *     weighted by their images (Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3)
 * @param byClass in the order of the model's labels
 * @param confusion images by [true label][best label], in the same order
 */
public record ClassificationReport(
        String model,
        String version,
        String data,
        int images,
        double accuracy,
        @Nullable Double top5,
        double balancedAccuracy,
        double calibrationError,
        List<ClassScores> byClass,
        List<List<Long>> confusion) {

    /**
     * One label.
     *
     * @param images that have it
     * @param precision part of the images found as this label that have it; null if there is none
     * @param recall part of the images with this label that were found as it; null if there is none
     * @param f1 twice the right ones over the images with the label and those found as it; null if there is none
     */
    public record ClassScores(
            String label,
            long images,
            @Nullable Double precision,
            @Nullable Double recall,
            @Nullable Double f1) {}

    public ClassificationReport {
        byClass = List.copyOf(byClass);
        confusion = List.copyOf(confusion);
    }
}
