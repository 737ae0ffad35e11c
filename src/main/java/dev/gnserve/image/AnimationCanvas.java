package dev.gnserve.image;

import dev.gnserve.image.AnimationFrame.Disposal;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The canvas on which the frames of an animation are drawn one after another. It begins transparent and black. Not thread-safe.
 *
 * <p>Pixels that are partly transparent are drawn over others as libwebp draws them ({@code BlendPixelNonPremult} in
 * src/demux/anim_decode.c).
 */
final class AnimationCanvas {

    private static final int OPAQUE = 255;

    private final int width;
    private final int height;
    private final int[] colors;
    private int @Nullable [] before;
    private @Nullable AnimationFrame last;

    AnimationCanvas(int width, int height) {
        this.width = width;
        this.height = height;
        this.colors = new int[width * height];
    }

    /** Draws the next frame; what of it lies beyond the canvas is left out. */
    void draw(AnimationFrame frame) {
        dispose();
        if (frame.after() == Disposal.RESTORE) {
            before = colors.clone();
        }
        int columns = Math.min(frame.width(), width - frame.left());
        for (int y = 0; y < Math.min(frame.height(), height - frame.top()); y++) {
            int from = y * frame.width();
            int to = (frame.top() + y) * width + frame.left();
            for (int x = 0; x < columns; x++) {
                int color = frame.colors()[from + x];
                colors[to + x] = frame.replaces() ? color : over(color, colors[to + x]);
            }
        }
        last = frame;
    }

    private void dispose() {
        if (last == null || last.after() == Disposal.KEEP) {
            return;
        }
        if (last.after() == Disposal.RESTORE && before != null) {
            System.arraycopy(before, 0, colors, 0, colors.length);
            return;
        }
        int right = Math.min(last.left() + last.width(), width);
        for (int y = last.top(); y < Math.min(last.top() + last.height(), height) && right > last.left(); y++) {
            Arrays.fill(colors, y * width + last.left(), y * width + right, last.fill());
        }
    }

    private static int over(int color, int under) {
        int alpha = color >>> 24;
        if (alpha == OPAQUE) {
            return color;
        }
        if (alpha == 0) {
            return under;
        }
        int rest = ((under >>> 24) * (256 - alpha)) >> 8;
        int blended = alpha + rest;
        long scale = (1L << 24) / blended;
        int result = blended << 24;
        for (int shift = 0; shift < 24; shift += 8) {
            long sum = (long) (color >> shift & 0xFF) * alpha + (long) (under >> shift & 0xFF) * rest;
            long value = (sum * scale) >> 24;
            result |= (int) value << shift;
        }
        return result;
    }

    /** What is shown: red, green, blue; alpha is dropped. */
    UprightImage image() {
        byte[] samples = new byte[3 * colors.length];
        int out = 0;
        for (int color : colors) {
            samples[out++] = (byte) (color >> 16);
            samples[out++] = (byte) (color >> 8);
            samples[out++] = (byte) color;
        }
        return UprightImage.of8Bit(width, height, 3, samples);
    }
}
