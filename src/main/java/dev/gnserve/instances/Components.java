package dev.gnserve.instances;

import java.util.Arrays;

/** Connected areas of binary pictures, {@code boolean[height * width]}, row-major. Thread-safe. */
final class Components {

    private Components() {}

    /**
     * Connected pixels (4 neighbours).
     *
     * @param ids int32 [height, width]: 1 to {@code count} in reading order of their first pixels, else 0
     */
    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    record Labelled(int[] ids, int count) {}

    /** Numbers the areas that have at least {@code minimumArea} pixels. */
    static Labelled label(boolean[] mask, int width, int minimumArea) {
        int[] ids = new int[mask.length];
        Front front = new Front();
        int count = 0;
        for (int start = 0; start < ids.length; start++) {
            if (!mask[start] || ids[start] != 0) {
                continue;
            }
            count++;
            ids[start] = count;
            front.add(start);
            for (int next = 0; next < front.size; next++) {
                int at = front.pixels[next];
                int x = at % width;
                if (x > 0) {
                    claim(at - 1, count, mask, ids, front);
                }
                if (x < width - 1) {
                    claim(at + 1, count, mask, ids, front);
                }
                if (at >= width) {
                    claim(at - width, count, mask, ids, front);
                }
                if (at < ids.length - width) {
                    claim(at + width, count, mask, ids, front);
                }
            }
            if (front.size < minimumArea) {
                for (int i = 0; i < front.size; i++) {
                    ids[front.pixels[i]] = -1; // Not visited again; becomes 0 below.
                }
                count--;
            }
            front.size = 0;
        }
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Math.max(0, ids[i]);
        }
        return new Labelled(ids, count);
    }

    private static void claim(int at, int id, boolean[] mask, int[] ids, Front front) {
        if (mask[at] && ids[at] == 0) {
            ids[at] = id;
            front.add(at);
        }
    }

    /** Sets the pixels that no path over 8 neighbours of unset pixels joins to the border of the picture. */
    static void fillHoles(boolean[] mask, int width) {
        int height = mask.length / width;
        boolean[] outside = new boolean[mask.length];
        Front front = new Front();
        for (int x = 0; x < width; x++) {
            open(x, mask, outside, front);
            open((height - 1) * width + x, mask, outside, front);
        }
        for (int y = 0; y < height; y++) {
            open(y * width, mask, outside, front);
            open(y * width + width - 1, mask, outside, front);
        }
        while (front.size > 0) {
            int at = front.pixels[--front.size];
            int x = at % width;
            int y = at / width;
            for (int v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
                for (int u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
                    open(v * width + u, mask, outside, front);
                }
            }
        }
        for (int i = 0; i < mask.length; i++) {
            mask[i] = !outside[i];
        }
    }

    private static void open(int at, boolean[] mask, boolean[] outside, Front front) {
        if (!mask[at] && !outside[at]) {
            outside[at] = true;
            front.add(at);
        }
    }

    /** Pixels that were reached. */
    private static final class Front {
        private int[] pixels = new int[1024];
        private int size;

        void add(int pixel) {
            if (size == pixels.length) {
                pixels = Arrays.copyOf(pixels, 2 * size);
            }
            pixels[size++] = pixel;
        }
    }
}
