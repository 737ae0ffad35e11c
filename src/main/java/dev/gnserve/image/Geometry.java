package dev.gnserve.image;

/**
 * Where the pixels of a network's input come from: the upright original, scaled, then continued to the right and at the
 * bottom. Maps both ways exactly, corners to corners.
 *
 * @param width of the upright original
 * @param height of the upright original
 * @param scaledWidth what of the input's width shows the image
 * @param scaledHeight what of the input's height shows the image
 * @param paddedWidth the input's width
 * @param paddedHeight the input's height
 */
public record Geometry(int width, int height, int scaledWidth, int scaledHeight, int paddedWidth, int paddedHeight) {

    static Geometry of(int width, int height, Resize resize, Padding padding) {
        Resize.Size scaled = resize.scaled(width, height);
        Resize.Size canvas = resize.canvas(width, height);
        return new Geometry(
                width,
                height,
                scaled.width(),
                scaled.height(),
                padding.padded(canvas.width()),
                padding.padded(canvas.height()));
    }

    /** Whether a pixel of the input is a pixel of the original. */
    public boolean isScaled() {
        return width != scaledWidth || height != scaledHeight;
    }

    /** A box of the input in pixels of the upright original, cut to it. */
    public Box toOriginal(Box box) {
        return Box.ofCorners(
                map(box.x(), scaledWidth, width),
                map(box.y(), scaledHeight, height),
                map(box.right(), scaledWidth, width),
                map(box.bottom(), scaledHeight, height));
    }

    /** A box of the upright original in pixels of the input. */
    public Box toInput(Box box) {
        return Box.ofCorners(
                map(box.x(), width, scaledWidth),
                map(box.y(), height, scaledHeight),
                map(box.right(), width, scaledWidth),
                map(box.bottom(), height, scaledHeight));
    }

    private static double map(double position, int from, int to) {
        // Multiplied first: whole numbers stay exact, so that an edge of the image maps to an edge of the image.
        double mapped = from == to ? position : position * to / from;
        return Math.max(0, Math.min(to, mapped));
    }
}
