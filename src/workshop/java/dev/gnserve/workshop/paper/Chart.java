package dev.gnserve.workshop.paper;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.style.Styler.LegendPosition;

/** Lines of errors over settings, with the spread of the seeds, as a small PNG. */
final class Chart {

    private static final int WIDTH = 640;
    private static final int HEIGHT = 400;

    /** Distinct for the colour-blind (Okabe and Ito 2008). */
    private static final Color[] LINES = {
        new Color(0xD55E00), new Color(0x0072B2), new Color(0x009E73), new Color(0xCC79A7), new Color(0x666666)
    };

    private Chart() {}

    /**
     * Draws a chart.
     *
     * @param settings the places of the x axis, from left to right
     * @param top of the y axis, percent: higher errors are cut
     * @param lines by name: the figures at each place, as many as there are settings
     */
    static void write(
            String title,
            String xTitle,
            String yTitle,
            List<String> settings,
            double top,
            Map<String, List<Figures>> lines,
            Path file)
            throws IOException {
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(xTitle)
                .yAxisTitle(yTitle)
                .build();
        chart.getStyler()
                .setDefaultSeriesRenderStyle(CategorySeries.CategorySeriesRenderStyle.Line)
                .setSeriesColors(LINES)
                .setChartBackgroundColor(Color.WHITE)
                .setLegendPosition(LegendPosition.OutsideE)
                .setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
        chart.getStyler()
                .setErrorBarsColorSeriesColor(true)
                .setPlotGridVerticalLinesVisible(false)
                .setYAxisMin(0.0)
                .setYAxisMax(top);
        lines.forEach((name, figures) -> add(chart, name, settings, figures));
        save(chart, file);
    }

    private static void add(CategoryChart chart, String name, List<String> settings, List<Figures> figures) {
        List<Double> means = new ArrayList<>();
        List<Double> spreads = new ArrayList<>();
        for (Figures at : figures) {
            means.add(at.mean().map(mean -> 100 * mean).orElse(null));
            spreads.add(at.errors().isEmpty() ? 0 : 50 * (at.most() - at.least()));
        }
        if (means.stream().anyMatch(Objects::nonNull)) {
            CategorySeries series = chart.addSeries(name, settings, means, spreads);
            series.setLineWidth(2);
        }
    }

    /** With few colours, so that the file is small. */
    private static void save(CategoryChart chart, Path file) throws IOException {
        BufferedImage drawn = BitmapEncoder.getBufferedImage(chart);
        BufferedImage indexed = new BufferedImage(drawn.getWidth(), drawn.getHeight(), BufferedImage.TYPE_BYTE_INDEXED);
        Graphics2D graphics = indexed.createGraphics();
        graphics.drawImage(drawn, 0, 0, null);
        graphics.dispose();
        Files.createDirectories(file.toAbsolutePath().getParent());
        ImageIO.write(indexed, "png", file.toFile());
    }
}
