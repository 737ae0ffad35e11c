package dev.gnserve.workshop.training;

import dev.gnserve.image.Box;

/**
 * A square cut of an image, zoomed and in one of eight orientations. What lies outside of the image is mirrored.
 *
 * @param width of the image
 * @param height of the image
 * @param size side of the crop, pixels
 * @param zoom pixels of the crop per pixel of the image
 * @param left edge of the window in the image
 * @param top edge of the window in the image
 * @param orientation bit 0 mirrors columns, bit 1 rows, bit 2 transposes
 */
record CropWindow(int width, int height, int size, float zoom, int left, int top, int orientation) {

    /** A window that stays inside where it fits, and is centred where the image is smaller; whole pixels, so that zoom 1 copies. */
    static CropWindow around(int x, int y, int width, int height, int size, float zoom, int orientation) {
        float span = size / zoom;
        return new CropWindow(width, height, size, zoom, start(x, span, width), start(y, span, height), orientation);
    }

    private static int start(int centre, float span, int length) {
        if (span >= length) {
            return Math.round((length - span) / 2);
        }
        return Math.round(Math.max(0, Math.min(length - span, centre - span / 2)));
    }

    /** Cuts float32 [3, height, width] to [3, size, size], interpolated bilinearly. */
    void copyPlanes(float[] image, float[] crop) {
        int pixels = width * height;
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                float sourceX = sourceX(x, y);
                float sourceY = sourceY(x, y);
                int x0 = (int) Math.floor(sourceX);
                int y0 = (int) Math.floor(sourceY);
                float fx = sourceX - x0;
                float fy = sourceY - y0;
                int row0 = mirrored(y0, height) * width;
                int row1 = mirrored(y0 + 1, height) * width;
                int column0 = mirrored(x0, width);
                int column1 = mirrored(x0 + 1, width);
                for (int channel = 0; channel < 3; channel++) {
                    int plane = channel * pixels;
                    float upper = (1 - fx) * image[plane + row0 + column0] + fx * image[plane + row0 + column1];
                    float lower = (1 - fx) * image[plane + row1 + column0] + fx * image[plane + row1 + column1];
                    crop[channel * size * size + y * size + x] = (1 - fy) * upper + fy * lower;
                }
            }
        }
    }

    /** Cuts int32 [height, width] to [size, size], from the nearest pixels. */
    void copyNearest(int[] image, int[] crop) {
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                crop[y * size + x] = image[
                        mirrored(Math.round(sourceY(x, y)), height) * width
                                + mirrored(Math.round(sourceX(x, y)), width)];
            }
        }
    }

    /** A box of the image in pixels of the crop, not cut to it. */
    Box toCrop(Box box) {
        double x0 = (box.x() - left) * zoom;
        double y0 = (box.y() - top) * zoom;
        double x1 = (box.right() - left) * zoom;
        double y1 = (box.bottom() - top) * zoom;
        if ((orientation & 4) != 0) {
            return mirrored(y0, x0, y1, x1);
        }
        return mirrored(x0, y0, x1, y1);
    }

    private Box mirrored(double x0, double y0, double x1, double y1) {
        boolean columns = (orientation & 1) != 0;
        boolean rows = (orientation & 2) != 0;
        return Box.ofCorners(
                columns ? size - x1 : x0, rows ? size - y1 : y0, columns ? size - x0 : x1, rows ? size - y0 : y1);
    }

    private float sourceX(int x, int y) {
        return left + (((orientation & 4) != 0 ? row(y) : column(x)) + 0.5f) / zoom - 0.5f;
    }

    private float sourceY(int x, int y) {
        return top + (((orientation & 4) != 0 ? column(x) : row(y)) + 0.5f) / zoom - 0.5f;
    }

    private int column(int x) {
        return (orientation & 1) == 0 ? x : size - 1 - x;
    }

    private int row(int y) {
        return (orientation & 2) == 0 ? y : size - 1 - y;
    }

    private static int mirrored(int at, int length) {
        int period = 2 * length;
        int folded = Math.floorMod(at, period);
        return folded < length ? folded : period - 1 - folded;
    }
}
