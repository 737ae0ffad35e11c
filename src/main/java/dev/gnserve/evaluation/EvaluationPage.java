package dev.gnserve.evaluation;

import java.util.Base64;
import java.util.List;
import java.util.Locale;

/** An evaluation as one HTML file that needs no other: tables, curves and the worst images. */
public final class EvaluationPage {

    private static final int SIDE = 320;
    private static final int MARGIN = 44;
    private static final List<String> COLOURS =
            List.of("#2a6fdb", "#c9552b", "#2b8a57", "#8a4fbf", "#b0892a", "#2b8f9e", "#c03f77", "#6b6f76");

    private final StringBuilder html = new StringBuilder();

    private EvaluationPage() {}

    /**
     * The file's text.
     *
     * @param title of the page
     * @param subtitle what was measured on what
     */
    public static String of(String title, String subtitle, List<EvaluationTable> tables, Evaluation<?> evaluation) {
        EvaluationPage page = new EvaluationPage();
        page.html.append("""
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>%s</title>
                <style>
                :root { color-scheme: light dark; }
                body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
                h1 { margin-bottom: 0; }
                table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
                .scroll { margin: 1rem 0; overflow-x: auto; }
                caption { font-weight: 600; text-align: left; }
                th, td { border-bottom: 1px solid #8886; padding: .2rem .8rem .2rem 0; text-align: right; }
                th:first-child, td:first-child { text-align: left; }
                .worst { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); }
                figure { margin: 0; }
                figure img { display: block; max-width: 100%%; }
                figcaption { overflow-wrap: anywhere; }
                svg text { fill: currentColor; font-size: 12px; }
                </style>
                </head>
                <body>
                <h1>%s</h1>
                <p>%s</p>
                """.formatted(escaped(title), escaped(title), escaped(subtitle)));
        tables.forEach(page::table);
        if (evaluation.diagram() != null && !evaluation.curves().isEmpty()) {
            page.diagram(evaluation.diagram(), evaluation.curves());
        }
        page.worst(evaluation.worst());
        page.html.append("</body>\n</html>\n");
        return page.html.toString();
    }

    private void table(EvaluationTable table) {
        html.append("<div class=\"scroll\"><table>");
        if (!table.caption().isEmpty()) {
            html.append("<caption>").append(escaped(table.caption())).append("</caption>");
        }
        html.append("<thead>");
        row("th", table.header());
        html.append("</thead><tbody>");
        table.rows().forEach(row -> row("td", row));
        html.append("</tbody></table></div>\n");
    }

    private void row(String cell, List<String> values) {
        html.append("<tr>");
        values.forEach(value -> html.append('<')
                .append(cell)
                .append('>')
                .append(escaped(value))
                .append("</")
                .append(cell)
                .append('>'));
        html.append("</tr>");
    }

    private void diagram(Evaluation.Diagram diagram, List<Curve> curves) {
        int whole = SIDE + 2 * MARGIN;
        html.append("<h2>%s</h2>%n".formatted(escaped(diagram.title())));
        html.append("<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" aria-label=\"%s\">%n"
                .formatted(whole + 160, whole, whole + 160, escaped(diagram.title())));
        for (int tenth = 0; tenth <= 10; tenth += 2) {
            double at = tenth / 10.0;
            html.append(line(at, 0, at, 1)).append(line(0, at, 1, at));
            html.append(text(x(at), y(0) + 16, "middle", String.valueOf(at)));
            html.append(text(x(0) - 6, y(at) + 4, "end", String.valueOf(at)));
        }
        html.append(text(x(0.5), y(0) + 34, "middle", diagram.x()));
        html.append("<text transform=\"translate(12 %s) rotate(-90)\" text-anchor=\"middle\">%s</text>%n"
                .formatted(number(y(0.5)), escaped(diagram.y())));
        for (int i = 0; i < curves.size(); i++) {
            String colour = COLOURS.get(i % COLOURS.size());
            StringBuilder points = new StringBuilder();
            for (Curve.Point point : curves.get(i).points()) {
                points.append(number(x(point.x())))
                        .append(',')
                        .append(number(y(point.y())))
                        .append(' ');
            }
            html.append("<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>%n"
                    .formatted(points.toString().strip(), colour));
            html.append("<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/>%n"
                    .formatted(whole, MARGIN + 20 * i, colour));
            html.append(text(
                    whole + 18, MARGIN + 20.0 * i + 11, "start", curves.get(i).name()));
        }
        html.append("</svg>\n");
    }

    private static String line(double x1, double y1, double x2, double y2) {
        return "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" stroke=\"#8886\"/>%n"
                .formatted(number(x(x1)), number(y(y1)), number(x(x2)), number(y(y2)));
    }

    private static String text(double x, double y, String anchor, String text) {
        return "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>%n"
                .formatted(number(x), number(y), anchor, escaped(text));
    }

    private static double x(double value) {
        return MARGIN + value * SIDE;
    }

    private static double y(double value) {
        return MARGIN + (1 - value) * SIDE;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private void worst(List<WorstImages.Image> images) {
        if (images.isEmpty()) {
            return;
        }
        html.append("<h2>The worst images</h2>\n<div class=\"worst\">\n");
        for (WorstImages.Image image : images) {
            String name = escaped(image.name());
            html.append(
                    "<figure><img alt=\"%s\" src=\"data:image/jpeg;base64,%s\"><figcaption>%s<br>%s</figcaption></figure>%n"
                            .formatted(
                                    name,
                                    Base64.getEncoder().encodeToString(image.jpeg()),
                                    name,
                                    escaped(image.note())));
        }
        html.append("</div>\n");
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
