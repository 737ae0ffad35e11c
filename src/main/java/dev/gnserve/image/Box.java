package dev.gnserve.image;

/**
 * A rectangle in pixels, origin top left; pixel (0, 0) covers the square from (0, 0) to (1, 1).
 *
 * @param x left edge
 * @param y top edge
 */
public record Box(double x, double y, double width, double height) {

    public static Box ofCorners(double left, double top, double right, double bottom) {
        return new Box(left, top, right - left, bottom - top);
    }

    public double right() {
        return x + width;
    }

    public double bottom() {
        return y + height;
    }
}
