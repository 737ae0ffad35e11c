package dev.gnserve.detection;

import dev.gnserve.image.PlanarImage;

/**
 * Puts a square mask that covers a box only into a picture of the input's size, as torchvision's {@code paste_masks_in_image} does with a
 * padding of 1 (torchvision 0.29, {@code models/detection/roi_heads.py}): the mask gets a rim of zeros and the box grows with it, its
 * corners become whole pixels, and the mask is scaled to them bilinearly ({@code align_corners=False}).
 */
final class MaskPaste {

    private static final int RIM = 1;

    private MaskPaste() {}

    /**
     * Pastes one mask.
     *
     * @param mask [1, M, M]
     * @param corners left, top, right, bottom in pixels of the input
     * @return float32 [1, height, width], 0 beyond the box
     */
    static PlanarImage paste(PlanarImage mask, float[] corners, int width, int height) {
        int side = mask.width() + 2 * RIM;
        float growth = (float) ((double) side / mask.width());
        Span columns = Span.of(corners[0], corners[2], growth);
        Span rows = Span.of(corners[1], corners[3], growth);
        float[] values = new float[width * height];
        int right = (int) Math.min(columns.end(), width);
        int bottom = (int) Math.min(rows.end(), height);
        for (int y = (int) Math.max(0, rows.start); y < bottom; y++) {
            double v = rows.inMask(y, side) - RIM;
            for (int x = (int) Math.max(0, columns.start); x < right; x++) {
                values[y * width + x] = (float) mask.betweenOrZero(columns.inMask(x, side) - RIM, v);
            }
        }
        return new PlanarImage(1, height, width, values);
    }

    /** The pixels of a grown box along one axis: {@code length} of them from {@code start} on. */
    private record Span(long start, long length) {

        static Span of(float from, float to, float growth) {
            float half = (to - from) * 0.5f * growth;
            float centre = (to + from) * 0.5f;
            long start = (long) (centre - half);
            return new Span(start, Math.max(1, (long) (centre + half) - start + 1));
        }

        long end() {
            return start + length;
        }

        /** The place of a pixel's centre in a row of {@code side} values, whose centres have whole numbers. */
        double inMask(int pixel, int side) {
            return (pixel - start + 0.5) * side / length - 0.5;
        }
    }
}
