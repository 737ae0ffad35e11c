package dev.gnserve.evaluation;

import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a model of segmentation would do with another {@code thresholds.mask}.
 *
 * @param mask the threshold
 * @param figure mean Dice of classes of pixels, or F1 score (RQ) of separate objects; null if it is not defined
 */
public record MaskThreshold(float mask, @Nullable Double figure) {

    static MaskThreshold of(float mask, double figure) {
        return new MaskThreshold(mask, Double.isNaN(figure) ? null : figure);
    }

    /** That with the highest figure; of equal ones that nearest to 0.5; null if no figure is defined. */
    public static @Nullable MaskThreshold best(List<MaskThreshold> tried) {
        Comparator<MaskThreshold> byFigure =
                Comparator.comparingDouble(each -> each.figure() == null ? Double.NaN : each.figure());
        return tried.stream()
                .filter(each -> each.figure() != null)
                .max(byFigure.thenComparing(
                        Comparator.<MaskThreshold>comparingDouble(each -> Math.abs(each.mask() - 0.5))
                                .reversed()))
                .orElse(null);
    }
}
