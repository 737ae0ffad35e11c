package dev.gnserve.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * How well the separate objects that a model found fit the true ones, by their pixels. Figures are means of the classes that have true
 * objects; null where they are not defined. Average precision ranks all that is found, and is not defined for volumes; all other figures
 * are those of what the model is served with.
 *
 * @param images how many
 * @param objects true ones, without crowds
 * @param predicted objects that were found
 * @param ap50to95 average precision by COCO's rules, mean of thresholds 0.5, 0.55, ..., 0.95
 * @param ap50 at an intersection over union of 0.5
 * @param ap75 at 0.75
 * @param pq panoptic quality, the product of the next two
 * @param sq mean overlap of the matches
 * @param rq F1 score of objects that match at an intersection over union above 0.5
 * @param precision the part of what was found that matches so
 * @param recall the part of the true objects that matches so
 * @param byClass the same by class
 * @param thresholds the F1 score (rq) with others; empty unless the best one was asked for
 */
public record InstanceReport(
        String model,
        String version,
        String data,
        int images,
        int objects,
        int predicted,
        @Nullable Double ap50to95,
        @Nullable Double ap50,
        @Nullable Double ap75,
        @Nullable Double pq,
        @Nullable Double sq,
        @Nullable Double rq,
        @Nullable Double precision,
        @Nullable Double recall,
        List<ClassScores> byClass,
        List<MaskThreshold> thresholds) {

    /**
     * Scores of one class.
     *
     * @param objects true ones, without crowds
     * @param predicted objects that were found
     * @param matched true ones that were found
     */
    public record ClassScores(
            String label,
            int objects,
            int predicted,
            int matched,
            @Nullable Double ap50to95,
            @Nullable Double ap50,
            @Nullable Double ap75,
            @Nullable Double pq,
            @Nullable Double sq,
            @Nullable Double rq,
            @Nullable Double precision,
            @Nullable Double recall) {}

    public InstanceReport {
        byClass = List.copyOf(byClass);
        thresholds = List.copyOf(thresholds);
    }

    static InstanceReport of(
            String model,
            String version,
            String data,
            List<String> labels,
            InstanceScores scores,
            List<MaskThreshold> thresholds) {
        List<ClassScores> rows = new ArrayList<>();
        for (int label = 0; label < labels.size(); label++) {
            PanopticQuality quality = scores.quality(label);
            AveragePrecision precision = scores.precision();
            rows.add(new ClassScores(
                    labels.get(label),
                    scores.objects(label),
                    scores.predicted(label),
                    quality.hits(),
                    defined(precision.ofAllThresholds(label)),
                    defined(precision.of(label, 0.5)),
                    defined(precision.of(label, 0.75)),
                    defined(quality.pq()),
                    defined(quality.sq()),
                    defined(quality.rq()),
                    defined(quality.precision()),
                    defined(quality.recall())));
        }
        List<ClassScores> scored =
                rows.stream().filter(row -> row.objects() > 0).toList();
        return new InstanceReport(
                model,
                version,
                data,
                scores.images(),
                rows.stream().mapToInt(ClassScores::objects).sum(),
                rows.stream().mapToInt(ClassScores::predicted).sum(),
                mean(scored, row -> number(row.ap50to95())),
                mean(scored, row -> number(row.ap50())),
                mean(scored, row -> number(row.ap75())),
                mean(scored, row -> number(row.pq())),
                mean(scored, row -> number(row.sq())),
                mean(scored, row -> number(row.rq())),
                mean(scored, row -> number(row.precision())),
                mean(scored, row -> number(row.recall())),
                rows,
                thresholds);
    }

    private static double number(@Nullable Double value) {
        return value == null ? Double.NaN : value;
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
