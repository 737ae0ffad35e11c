package dev.gnserve.detection;

import dev.gnserve.image.Box;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Greedy non-maximum suppression, usually by class: of the boxes that show the same object, keeps the one with the highest score.
 * {@link CandidateOrder} decides between equal scores, so that neither the input order nor rounding does.
 *
 * @param iou two boxes with a larger overlap show the same object
 * @param agnostic whether boxes of different classes can show the same object
 */
public record NonMaximumSuppression(double iou, boolean agnostic) {

    /** By class. */
    public NonMaximumSuppression(double iou) {
        this(iou, false);
    }

    /** An overlap that exceeds the limit by less than this exceeds it by rounding only. */
    private static final double ROUNDING = 3e-5;

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
        List<Detection> kept = new ArrayList<>();
        Map<Integer, BoxStore> better = new HashMap<>();
        for (Detection candidate : CandidateOrder.bestFirst(detections)) {
            if (kept.size() == most) {
                break;
            }
            BoxStore ofClass = better.computeIfAbsent(agnostic ? 0 : candidate.label(), label -> new BoxStore());
            if (iou == 1 || !ofClass.hasOverlapAbove(candidate.box(), iou + ROUNDING)) { // No overlap is above 1.
                kept.add(candidate);
                ofClass.add(candidate.box());
            }
        }
        return kept;
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
