package dev.gnserve.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Figures of a report as a table.
 *
 * @param caption what the figures are of; empty for none
 * @param header names of the columns; the first is that of the rows
 * @param rows as long as the header
 */
public record EvaluationTable(String caption, List<String> header, List<List<String>> rows) {

    public EvaluationTable {
        header = List.copyOf(header);
        rows = rows.stream().map(List::copyOf).toList();
    }

    public static List<EvaluationTable> of(InstanceReport report) {
        List<List<String>> rows = new ArrayList<>();
        for (InstanceReport.ClassScores row : report.byClass()) {
            rows.add(List.of(
                    row.label(),
                    String.valueOf(row.objects()),
                    String.valueOf(row.predicted()),
                    figure(row.ap50()),
                    figure(row.ap75()),
                    figure(row.ap50to95()),
                    figure(row.pq()),
                    figure(row.sq()),
                    figure(row.rq()),
                    figure(row.precision()),
                    figure(row.recall())));
        }
        rows.add(List.of(
                "mean",
                String.valueOf(report.objects()),
                String.valueOf(report.predicted()),
                figure(report.ap50()),
                figure(report.ap75()),
                figure(report.ap50to95()),
                figure(report.pq()),
                figure(report.sq()),
                figure(report.rq()),
                figure(report.precision()),
                figure(report.recall())));
        List<EvaluationTable> tables = new ArrayList<>(thresholds(report.thresholds(), "RQ (F1)"));
        tables.add(
                0,
                new EvaluationTable(
                        "",
                        List.of(
                                "class",
                                "objects",
                                "found",
                                "AP50",
                                "AP75",
                                "AP50:95",
                                "PQ",
                                "SQ",
                                "RQ (F1)",
                                "precision",
                                "recall"),
                        rows));
        return tables;
    }

    public static List<EvaluationTable> of(DetectionReport report) {
        List<List<String>> rows = new ArrayList<>();
        for (DetectionReport.ClassScores row : report.byClass()) {
            rows.add(List.of(row.label(), String.valueOf(row.objects()), figure(row.ap50()), figure(row.ap50to95())));
        }
        rows.add(List.of("mean", String.valueOf(report.objects()), figure(report.ap50()), figure(report.ap50to95())));
        List<List<String>> more = new ArrayList<>(List.of(
                List.of("AP75", figure(report.ap75())),
                List.of("AP of small objects (up to 32 x 32)", figure(report.apSmall())),
                List.of("AP of medium objects (up to 96 x 96)", figure(report.apMedium())),
                List.of("AP of large objects", figure(report.apLarge())),
                List.of("recall with 100 detections an image", figure(report.recall()))));
        if (report.bestThreshold() != null) {
            more.add(List.of("best F1 of objects", figure(report.bestThreshold().f1())));
            more.add(List.of("with thresholds.score", figure((double)
                    report.bestThreshold().score())));
        }
        return List.of(
                new EvaluationTable("", List.of("class", "objects", "AP50", "AP50:95"), rows),
                new EvaluationTable("", List.of("all classes", ""), more));
    }

    /**
     * The figures of classes of pixels.
     *
     * @param unit pixels, or voxels
     */
    public static List<EvaluationTable> of(MaskReport report, String unit) {
        List<List<String>> rows = new ArrayList<>();
        for (MaskReport.ClassScores row : report.byClass()) {
            rows.add(List.of(
                    row.label(),
                    String.valueOf(row.truth()),
                    String.valueOf(row.found()),
                    figure(row.iou()),
                    figure(row.dice())));
        }
        rows.add(List.of(
                "mean", String.valueOf(report.pixels()), "", figure(report.meanIou()), figure(report.meanDice())));
        List<EvaluationTable> tables = new ArrayList<>(List.of(
                new EvaluationTable("", List.of("class", "true " + unit, "found", "IoU", "Dice"), rows),
                new EvaluationTable(
                        "",
                        List.of("all " + unit, ""),
                        List.of(
                                List.of("accuracy", figure(report.accuracy())),
                                List.of("mean Dice without background", figure(report.foregroundDice())))),
                confusion(
                        "Number of " + unit + " by true class (rows) and found class",
                        report.byClass().stream()
                                .map(MaskReport.ClassScores::label)
                                .toList(),
                        report.confusion())));
        tables.addAll(thresholds(report.thresholds(), "mean Dice"));
        return tables;
    }

    /** None if none was tried. */
    private static List<EvaluationTable> thresholds(List<MaskThreshold> tried, String figure) {
        if (tried.isEmpty()) {
            return List.of();
        }
        return List.of(new EvaluationTable(
                "",
                List.of("thresholds.mask", figure),
                tried.stream()
                        .map(each -> List.of(String.valueOf(each.mask()), figure(each.figure())))
                        .toList()));
    }

    public static List<EvaluationTable> of(ClassificationReport report) {
        List<List<String>> rows = new ArrayList<>();
        for (ClassificationReport.ClassScores row : report.byClass()) {
            rows.add(List.of(
                    row.label(),
                    String.valueOf(row.images()),
                    figure(row.precision()),
                    figure(row.recall()),
                    figure(row.f1())));
        }
        return List.of(
                new EvaluationTable(
                        "",
                        List.of("all images", ""),
                        List.of(
                                List.of("accuracy", figure(report.accuracy())),
                                List.of("true label among the five best", figure(report.top5())),
                                List.of("mean recall of the labels", figure(report.balancedAccuracy())),
                                List.of("calibration error (ECE, 15 steps)", figure(report.calibrationError())))),
                new EvaluationTable("", List.of("label", "images", "precision", "recall", "F1"), rows),
                confusion(
                        "Images by true label (rows) and best label",
                        report.byClass().stream()
                                .map(ClassificationReport.ClassScores::label)
                                .toList(),
                        report.confusion()));
    }

    private static EvaluationTable confusion(String caption, List<String> labels, List<List<Long>> counts) {
        List<String> header = new ArrayList<>(labels);
        header.add(0, "");
        List<List<String>> rows = new ArrayList<>();
        for (int label = 0; label < labels.size(); label++) {
            List<String> row = new ArrayList<>();
            row.add(labels.get(label));
            counts.get(label).forEach(count -> row.add(String.valueOf(count)));
            rows.add(row);
        }
        return new EvaluationTable(caption, header, rows);
    }

    private static String figure(@Nullable Double value) {
        return value == null || Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4f", value);
    }
}
