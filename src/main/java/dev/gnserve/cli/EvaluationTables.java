package dev.gnserve.cli;

import dev.gnserve.evaluation.DetectionReport;
import dev.gnserve.evaluation.SegmentationReport;
import java.io.PrintWriter;
import java.util.Locale;

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

    static void print(DetectionReport report, PrintWriter out) {
        out.printf(
                "%s version %s on %s of %s, %d images%n",
                report.model(), report.version(), report.split(), report.data(), report.images());
        out.printf("%-14s %8s %9s %9s%n", "class", "objects", "AP50", "AP50:95");
        for (DetectionReport.ClassScores row : report.byClass()) {
            print(row, out);
        }
        print(new DetectionReport.ClassScores("mean", report.objects(), report.ap50(), report.ap50to95()), out);
    }

    private static void print(DetectionReport.ClassScores row, PrintWriter out) {
        out.printf(Locale.ROOT, "%-14s %8d %9.4f %9.4f%n", row.label(), row.objects(), row.ap50(), row.ap50to95());
    }
}
