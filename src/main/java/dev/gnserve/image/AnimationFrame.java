package dev.gnserve.image;

/**
 * One frame of an animation: pixels that are drawn on its canvas.
 *
 * @param colors ARGB [height, width], row-major, not premultiplied
 * @param left of the frame on the canvas
 * @param top of the frame on the canvas
 * @param replaces whether the pixels take the place of those of the canvas, alpha included; otherwise they are drawn over them
 * @param after what becomes of the frame's area before the next frame
 * @param fill ARGB of the area if it is cleared
 */
@SuppressWarnings("ArrayRecordComponent") // Drawn once, compared never.
record AnimationFrame(
        int width, int height, int left, int top, int[] colors, boolean replaces, Disposal after, int fill) {

    enum Disposal {
        KEEP,
        CLEAR,
        RESTORE
    }
}
