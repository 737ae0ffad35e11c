package dev.gnserve.evaluation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation gives.
 *
 * @param report the figures
 * @param diagram what the curves show, as "recall" against "precision"; null without curves
 * @param curves one for each class
 * @param worst images, the worst first
 */
public record Evaluation<R>(R report, @Nullable Diagram diagram, List<Curve> curves, List<WorstImages.Image> worst) {

    /** The two axes of a diagram, each from 0 to 1. */
    public record Diagram(String title, String x, String y) {}

    static final Diagram PRECISION =
            new Diagram("Precision over recall at an overlap (IoU) of 0.5", "recall", "precision");

    static final Diagram THRESHOLDS = new Diagram("Mean Dice over thresholds.mask", "thresholds.mask", "mean Dice");

    public Evaluation {
        curves = List.copyOf(curves);
        worst = List.copyOf(worst);
    }
}
