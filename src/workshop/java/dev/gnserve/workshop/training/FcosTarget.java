package dev.gnserve.workshop.training;

import dev.gnserve.evaluation.LabelledBox;
import dev.gnserve.image.Box;
import java.util.Arrays;
import java.util.List;

/**
 * What a detector should say at every location of one image, after Tian et al. 2019, section 3: a location near the centre of an object answers for
 * it, at the level that its size belongs to; where objects overlap, for the smallest.
 */
final class FcosTarget {

    /** Locations up to this many strides from the centre of an object answer for it. */
    private static final double CENTRE_RADIUS = 1.5;

    private final int[] labels;
    private final float[] distances;
    private final float[] centreness;

    private FcosTarget(int locations) {
        labels = new int[locations];
        distances = new float[locations * 4];
        centreness = new float[locations];
        Arrays.fill(labels, -1);
        // Nothing counts there, but the logarithms and quotients of the loss stay finite.
        Arrays.fill(distances, 1);
    }

    static FcosTarget of(List<LabelledBox> boxes, int height, int width) {
        FcosTarget target = new FcosTarget(FcosShape.locations(height, width));
        int at = 0;
        for (FcosShape.Level level : FcosShape.LEVELS) {
            int stride = level.stride();
            for (int row = 0; row < height / stride; row++) {
                for (int column = 0; column < width / stride; column++) {
                    target.assign(at++, (column + 0.5) * stride, (row + 0.5) * stride, level, boxes);
                }
            }
        }
        return target;
    }

    private void assign(int location, double x, double y, FcosShape.Level level, List<LabelledBox> boxes) {
        double smallest = Double.POSITIVE_INFINITY;
        for (LabelledBox labelled : boxes) {
            Box box = labelled.box();
            double left = x - box.x();
            double top = y - box.y();
            double right = box.right() - x;
            double bottom = box.bottom() - y;
            double least = Math.min(Math.min(left, right), Math.min(top, bottom));
            double most = Math.max(Math.max(left, right), Math.max(top, bottom));
            double radius = CENTRE_RADIUS * level.stride();
            boolean central = Math.abs(right - left) / 2 <= radius && Math.abs(bottom - top) / 2 <= radius;
            double area = box.width() * box.height();
            if (least > 0 && central && most > level.above() && most <= level.upTo() && area < smallest) {
                smallest = area;
                labels[location] = labelled.label();
                distances[4 * location] = (float) left;
                distances[4 * location + 1] = (float) top;
                distances[4 * location + 2] = (float) right;
                distances[4 * location + 3] = (float) bottom;
                centreness[location] = (float) Math.sqrt(
                        Math.min(left, right) / Math.max(left, right) * Math.min(top, bottom) / Math.max(top, bottom));
            }
        }
    }

    /** [locations]: class, or -1 where there is no object. */
    int[] labels() {
        return labels;
    }

    /** [locations, 4]: pixels to left, top, right and bottom; 1 where there is no object. */
    float[] distances() {
        return distances;
    }

    /** [locations]: 1 in the centre of an object, 0 at its rim and where there is none. */
    float[] centreness() {
        return centreness;
    }
}
