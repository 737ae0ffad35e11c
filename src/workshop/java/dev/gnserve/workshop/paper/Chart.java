package dev.gnserve.workshop.paper;

import static org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle.Bar;
import static org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle.Line;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.Styler.LegendPosition;

/** Errors over settings, with the spread of the seeds, as a small PNG. */
final class Chart {

    private static final int WIDTH = 640;
    private static final int HEIGHT = 400;

    /** Distinct for the colour-blind (Okabe and Ito 2008). */
    private static final Color[] LINES = {
        new Color(0xD55E00), new Color(0x0072B2), new Color(0x009E73), new Color(0xCC79A7), new Color(0x666666)
    };

    private Chart() {}

    /**
     * Draws a chart: lines, or bars if there is only one. A line of which a place is missing is left out, and a chart without lines is not written.
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
        CategoryStyler styler = chart.getStyler();
        styler.setDefaultSeriesRenderStyle(lines.size() == 1 ? Bar : Line);
        styler.setOverlapped(true);
        styler.setSeriesColors(LINES);
        styler.setErrorBarsColorSeriesColor(lines.size() > 1);
        styler.setLegendVisible(lines.size() > 1);
        styler.setLegendPosition(LegendPosition.OutsideE);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
        styler.setPlotGridVerticalLinesVisible(false);
        styler.setYAxisMin(0.0);
        styler.setYAxisMax(top);
        lines.forEach((name, figures) -> add(chart, name, settings, figures));
        if (!chart.getSeriesMap().isEmpty()) {
            save(chart, file);
        }
    }

    private static void add(CategoryChart chart, String name, List<String> settings, List<Figures> figures) {
        List<Double> means = new ArrayList<>();
        List<Double> spreads = new ArrayList<>();
        for (Figures at : figures) {
            at.mean().ifPresent(mean -> means.add(100 * mean));
            spreads.add(50 * (at.most() - at.least()));
        }
        if (means.size() == settings.size()) {
            chart.addSeries(name, settings, means, spreads).setLineWidth(2);
        }
    }

    private static void save(CategoryChart chart, Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        ImageIO.write(BitmapEncoder.getBufferedImage(chart), "png", file.toFile());
    }
}
