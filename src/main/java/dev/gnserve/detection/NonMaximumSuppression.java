package dev.gnserve.detection;

import dev.gnserve.image.Box;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Greedy non-maximum suppression, by class: of the boxes that show the same object, keeps the one with the highest score.
 *
 * @param iou two boxes of a class with a larger overlap show the same object
 */
public record NonMaximumSuppression(double iou) {

    /** Highest score first. Equal scores are sorted by label and place, so that the result does not depend on the input order. */
    static final Comparator<Detection> BEST_FIRST = Comparator.comparingDouble(Detection::score)
            .reversed()
            .thenComparingInt(Detection::label)
            .thenComparingDouble(detection -> detection.box().y())
            .thenComparingDouble(detection -> detection.box().x())
            .thenComparingDouble(detection -> detection.box().height())
            .thenComparingDouble(detection -> detection.box().width());

    public NonMaximumSuppression {
        if (!(iou >= 0 && iou <= 1)) {
            throw new IllegalArgumentException("iou is " + iou + ", allowed is 0 to 1");
        }
    }

    /**
     * The boxes that remain, best first.
     *
     * @param most boxes at most
     */
    public List<Detection> apply(List<Detection> detections, int most) {
        List<Detection> sorted = new ArrayList<>(detections);
        sorted.sort(BEST_FIRST);
        List<Detection> kept = new ArrayList<>();
        for (Detection candidate : sorted) {
            if (kept.size() == most) {
                break;
            }
            if (kept.stream().noneMatch(better -> isSame(better, candidate))) {
                kept.add(candidate);
            }
        }
        return kept;
    }

    private boolean isSame(Detection better, Detection candidate) {
        return better.label() == candidate.label() && iou(better.box(), candidate.box()) > iou;
    }

    /** Intersection over union of two boxes; 0 where both are empty. */
    public static double iou(Box a, Box b) {
        double width = Math.min(a.right(), b.right()) - Math.max(a.x(), b.x());
        double height = Math.min(a.bottom(), b.bottom()) - Math.max(a.y(), b.y());
        if (width <= 0 || height <= 0) {
            return 0;
        }
        double common = width * height;
        return common / (a.width() * a.height() + b.width() * b.height() - common);
    }
}
