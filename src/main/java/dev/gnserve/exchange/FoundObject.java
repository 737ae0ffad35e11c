package dev.gnserve.exchange;

import dev.gnserve.image.CocoRle;
import org.jspecify.annotations.Nullable;

/**
 * One object of an image.
 *
 * @param id from 1
 * @param score 0 to 1
 * @param pixels null where only the box is known
 * @param runs the same as a string; null where only the box is known
 */
record FoundObject(
        int id,
        String label,
        double score,
        Rectangle box,
        @Nullable ObjectPixels pixels,
        @Nullable CocoRle runs) {

    /**
     * A box in pixels of the upright image, origin top left.
     *
     * @param x left edge
     * @param y top edge
     */
    record Rectangle(double x, double y, double width, double height) {}

    /** Pixels of the mask, or else of the box. */
    double area() {
        return pixels == null ? box.width() * box.height() : pixels.area();
    }
}
