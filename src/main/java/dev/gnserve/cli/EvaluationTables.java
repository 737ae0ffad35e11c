package dev.gnserve.cli;

import dev.gnserve.evaluation.DetectionReport;
import dev.gnserve.evaluation.MaskReport;
import dev.gnserve.evaluation.SegmentationReport;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reports of {@code evaluate} for people. */
final class EvaluationTables {

    private EvaluationTables() {}

    static void print(SegmentationReport report, PrintWriter out) {
        out.printf("%s version %s on %s of %s%n", report.model(), report.version(), report.split(), report.data());
        out.printf(
                "%-14s %6s %9s %9s %8s %8s %9s%n", "type", "images", "Dice", "F1@0.5", "objects", "found", "predicted");
        for (SegmentationReport.Scores row : report.byType()) {
            print(row, out);
        }
        print(report.overall(), out);
    }

    private static void print(SegmentationReport.Scores row, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%-14s %6d %9.4f %9.4f %8d %8d %9d%n",
                row.type(),
                row.images(),
                row.meanDice(),
                row.objectF1(),
                row.objects(),
                row.found(),
                row.predicted());
    }

    static void print(MaskReport report, PrintWriter out) {
        out.printf(
                "%s version %s on %s, %d images%n", report.model(), report.version(), report.data(), report.images());
        out.printf("%-14s %12s %12s %9s %9s%n", "class", "true pixels", "found", "IoU", "Dice");
        for (MaskReport.ClassScores row : report.byClass()) {
            out.printf(
                    "%-14s %12d %12d %9s %9s%n",
                    row.label(), row.truth(), row.found(), figure(row.iou()), figure(row.dice()));
        }
        out.printf(
                "%-14s %12d %12s %9s %9s%n",
                "mean", report.pixels(), "", figure(report.meanIou()), figure(report.meanDice()));
        out.printf("accuracy %s%n", figure(report.accuracy()));
    }

    static void print(DetectionReport report, PrintWriter out) {
        out.printf(
                "%s version %s on %s of %s, %d images%n",
                report.model(), report.version(), report.split(), report.data(), report.images());
        out.printf("%-14s %8s %9s %9s%n", "class", "objects", "AP50", "AP50:95");
        for (DetectionReport.ClassScores row : report.byClass()) {
            print(row, out);
        }
        print(new DetectionReport.ClassScores("mean", report.objects(), report.ap50(), report.ap50to95()), out);
        out.printf(
                "AP75 %s, AP small %s, medium %s, large %s, recall with 100 detections %s%n",
                figure(report.ap75()),
                figure(report.apSmall()),
                figure(report.apMedium()),
                figure(report.apLarge()),
                figure(report.recall()));
    }

    private static String figure(@Nullable Double value) {
        return value == null ? "-" : String.format(Locale.ROOT, "%.4f", value);
    }

    private static void print(DetectionReport.ClassScores row, PrintWriter out) {
        out.printf(Locale.ROOT, "%-14s %8d %9.4f %9.4f%n", row.label(), row.objects(), row.ap50(), row.ap50to95());
    }
}
