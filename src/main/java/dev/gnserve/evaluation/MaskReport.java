package dev.gnserve.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * How a model of segmentation did on images with masks. All figures are of the pixels of all images together; of volumes, of their voxels.
 *
 * @param images how many
 * @param pixels that were judged
 * @param accuracy part of the pixels whose class was found right
 * @param meanIou mean of the IoU of the background and the labels that occur in the truth or in the result
 * @param meanDice the same for Dice
 * @param foregroundDice the mean Dice of these labels without the background
 * @param byClass background, then the labels of the model
 * @param confusion pixels by [true class][found class], in the same order
 * @param thresholds the mean Dice with others; empty unless the best one was asked for
 */
public record MaskReport(
        String model,
        String version,
        String data,
        int images,
        long pixels,
        @Nullable Double accuracy,
        @Nullable Double meanIou,
        @Nullable Double meanDice,
        @Nullable Double foregroundDice,
        List<ClassScores> byClass,
        List<List<Long>> confusion,
        List<MaskThreshold> thresholds) {

    /**
     * One class.
     *
     * @param truth pixels of the class in the masks
     * @param found pixels of the class in the results
     * @param iou intersection over union; null if the class occurs nowhere
     * @param dice twice the intersection over the sum of both; null likewise
     */
    public record ClassScores(
            String label,
            long truth,
            long found,
            @Nullable Double iou,
            @Nullable Double dice) {}

    static MaskReport of(
            String model,
            String version,
            String data,
            int images,
            List<String> labels,
            ConfusionMatrix matrix,
            List<MaskThreshold> thresholds) {
        List<String> names = new ArrayList<>(labels);
        names.add(0, "background");
        List<ClassScores> rows = new ArrayList<>();
        List<List<Long>> confusion = new ArrayList<>();
        long[][] counts = matrix.counts();
        for (int label = 0; label < names.size(); label++) {
            rows.add(new ClassScores(
                    names.get(label),
                    matrix.truth(label),
                    matrix.found(label),
                    defined(matrix.iou(label)),
                    defined(matrix.dice(label))));
            List<Long> row = new ArrayList<>();
            for (long count : counts[label]) {
                row.add(count);
            }
            confusion.add(row);
        }
        return new MaskReport(
                model,
                version,
                data,
                images,
                matrix.pixels(),
                defined(matrix.accuracy()),
                mean(rows, row -> row.iou() == null ? Double.NaN : row.iou()),
                mean(rows, MaskReport::dice),
                mean(rows.subList(1, rows.size()), MaskReport::dice),
                rows,
                confusion,
                thresholds);
    }

    private static double dice(ClassScores row) {
        return row.dice() == null ? Double.NaN : row.dice();
    }

    private static @Nullable Double mean(List<ClassScores> rows, ToDoubleFunction<ClassScores> value) {
        OptionalDouble mean = rows.stream()
                .mapToDouble(value)
                .filter(each -> !Double.isNaN(each))
                .average();
        return mean.isPresent() ? mean.getAsDouble() : null;
    }

    private static @Nullable Double defined(double value) {
        return Double.isNaN(value) ? null : value;
    }
}
