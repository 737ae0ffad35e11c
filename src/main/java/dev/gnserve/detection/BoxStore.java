package dev.gnserve.detection;

import dev.gnserve.image.Box;
import java.util.Arrays;

/** Boxes in one array, so that the overlap with many of them is found without a look-up for each. Not thread-safe. */
final class BoxStore {

    /** Of a box: left, top, right, bottom, area. */
    private static final int COLUMNS = 5;

    private double[] values = new double[16 * COLUMNS];
    private int end;

    void add(Box box) {
        if (end == values.length) {
            values = Arrays.copyOf(values, 2 * end);
        }
        values[end] = box.x();
        values[end + 1] = box.y();
        values[end + 2] = box.right();
        values[end + 3] = box.bottom();
        values[end + 4] = box.width() * box.height();
        end += COLUMNS;
    }

    /** Whether the intersection over union of a box with one of these is above a limit, which is 0 or more. */
    boolean hasOverlapAbove(Box box, double limit) {
        double left = box.x();
        double top = box.y();
        double right = box.right();
        double bottom = box.bottom();
        double area = box.width() * box.height();
        for (int at = 0; at < end; at += COLUMNS) {
            double width = Math.min(values[at + 2], right) - Math.max(values[at], left);
            if (width <= 0) {
                continue;
            }
            double height = Math.min(values[at + 3], bottom) - Math.max(values[at + 1], top);
            if (height <= 0) {
                continue;
            }
            double common = width * height;
            if (common / (values[at + 4] + area - common) > limit) {
                return true;
            }
        }
        return false;
    }
}
