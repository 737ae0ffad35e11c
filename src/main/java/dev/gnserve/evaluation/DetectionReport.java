package dev.gnserve.evaluation;

import dev.gnserve.evaluation.AveragePrecision.Size;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How a detector did on a split of a data set, by COCO's definitions.
 *
 * @param split name of the split, or of the fold
 * @param images how many
 * @param objects true boxes
 * @param ap50 average precision at an intersection over union of 0.5, mean of the classes that occur; null if none does
 * @param ap50to95 the same, mean of thresholds 0.5, 0.55, ..., 0.95
 * @param ap75 average precision at 0.75, mean of the classes; null where it is not defined, as what follows
 * @param apSmall ap50to95 of objects up to 32 x 32 pixels
 * @param apMedium of objects up to 96 x 96 pixels
 * @param apLarge of larger objects
 * @param recall part of the objects that are found with at most 100 detections of a class in an image, mean of the same thresholds and the classes
 * @param bestThreshold the lowest score that gives the best F1 score at an overlap of 0.5; null if nothing is found
 * @param byClass the same by class
 */
public record DetectionReport(
        String model,
        String version,
        String data,
        String split,
        int images,
        int objects,
        @Nullable Double ap50,
        @Nullable Double ap50to95,
        @Nullable Double ap75,
        @Nullable Double apSmall,
        @Nullable Double apMedium,
        @Nullable Double apLarge,
        @Nullable Double recall,
        @Nullable BestThreshold bestThreshold,
        List<ClassScores> byClass) {

    /**
     * Scores of one class; null if it has no true box.
     *
     * @param objects true boxes
     */
    public record ClassScores(
            String label,
            int objects,
            @Nullable Double ap50,
            @Nullable Double ap50to95) {}

    public DetectionReport {
        byClass = List.copyOf(byClass);
    }

    /** @param most boxes of an image that the model serves */
    static DetectionReport of(
            String model,
            String version,
            String data,
            String split,
            List<String> labels,
            AveragePrecision precision,
            int most) {
        List<ClassScores> rows = new ArrayList<>();
        for (int label = 0; label < labels.size(); label++) {
            rows.add(new ClassScores(
                    labels.get(label),
                    precision.objects(label),
                    defined(precision.of(label, 0.5)),
                    defined(precision.ofAllThresholds(label))));
        }
        return new DetectionReport(
                model,
                version,
                data,
                split,
                precision.images(),
                rows.stream().mapToInt(ClassScores::objects).sum(),
                mean(labels, label -> precision.of(label, 0.5)),
                mean(labels, precision::ofAllThresholds),
                mean(labels, label -> precision.of(label, 0.75)),
                mean(labels, label -> precision.ofAllThresholds(label, Size.SMALL)),
                mean(labels, label -> precision.ofAllThresholds(label, Size.MEDIUM)),
                mean(labels, label -> precision.ofAllThresholds(label, Size.LARGE)),
                mean(labels, precision::recall),
                precision.bestThreshold(labels.size(), most),
                rows);
    }

    private static @Nullable Double defined(double value) {
        return Double.isNaN(value) ? null : value;
    }

    /** Over the classes for which it is defined. */
    private static @Nullable Double mean(List<String> labels, IntToDoubleFunction ofLabel) {
        OptionalDouble mean = IntStream.range(0, labels.size())
                .mapToDouble(ofLabel)
                .filter(value -> !Double.isNaN(value))
                .average();
        return mean.isPresent() ? mean.getAsDouble() : null;
    }
}
