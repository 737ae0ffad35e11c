package dev.gnserve.cli;

import dev.gnserve.evaluation.EvaluationTable;
import dev.gnserve.evaluation.SegmentationReport;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
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

    /** Columns as wide as their cells; the first to the left, the others to the right. */
    static void print(EvaluationTable table, PrintWriter out) {
        if (!table.caption().isEmpty()) {
            out.println(table.caption());
        }
        List<List<String>> lines = new ArrayList<>(table.rows());
        lines.add(0, table.header());
        int columns = table.header().size();
        int[] widths = new int[columns];
        for (List<String> line : lines) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        for (List<String> line : lines) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                String pad = " ".repeat(widths[i] - line.get(i).length());
                text.append(i == 0 ? line.get(i) + pad : "  " + pad + line.get(i));
            }
            out.println(text.toString().stripTrailing());
        }
        out.println();
    }
}
