package dev.gnserve.instances;

import java.util.Arrays;

/**
 * Floods a relief from markers: the lowest pixel that the water has reached hands its number on first; of equal ones, the one that was
 * reached first. The same as scikit-image's {@code watershed} with connectivity 1 (Soille and Ansoult 1990). Not thread-safe.
 */
final class Watershed {

    private final float[] heights;
    private final boolean[] mask;
    private final int[] ids;
    private final int width;

    /** A heap: the height in the upper half of a key, in the lower half when the pixel was reached. */
    private long[] keys = new long[1024];

    private int[] pixels = new int[1024];
    private int size;
    private int reached;

    private Watershed(float[] heights, boolean[] mask, int[] ids, int width) {
        this.heights = heights;
        this.mask = mask;
        this.ids = ids;
        this.width = width;
    }

    /**
     * Floods.
     *
     * @param heights float32 [height, width], without NaN
     * @param mask where the water may be
     * @param ids the numbers of the markers, else 0; receives the numbers of the basins. Markers outside of the mask become 0
     */
    static void flood(float[] heights, boolean[] mask, int[] ids, int width) {
        new Watershed(heights, mask, ids, width).flood();
    }

    private void flood() {
        for (int i = 0; i < ids.length; i++) {
            if (!mask[i]) {
                ids[i] = 0;
            }
        }
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] != 0 && hasFreeNeighbour(i)) {
                push(i);
            }
        }
        while (size > 0) {
            int at = pop();
            int id = ids[at];
            int x = at % width;
            if (at >= width) {
                claim(at - width, id);
            }
            if (x > 0) {
                claim(at - 1, id);
            }
            if (x < width - 1) {
                claim(at + 1, id);
            }
            if (at < ids.length - width) {
                claim(at + width, id);
            }
        }
    }

    private boolean hasFreeNeighbour(int at) {
        int x = at % width;
        return (at >= width && isFree(at - width))
                || (x > 0 && isFree(at - 1))
                || (x < width - 1 && isFree(at + 1))
                || (at < ids.length - width && isFree(at + width));
    }

    private boolean isFree(int at) {
        return mask[at] && ids[at] == 0;
    }

    private void claim(int at, int id) {
        if (isFree(at)) {
            ids[at] = id;
            push(at);
        }
    }

    private void push(int pixel) {
        if (size == keys.length) {
            keys = Arrays.copyOf(keys, 2 * size);
            pixels = Arrays.copyOf(pixels, 2 * size);
        }
        int bits = Float.floatToIntBits(heights[pixel] + 0f); // -0 is 0.
        long key = ((long) (bits ^ ((bits >> 31) & Integer.MAX_VALUE)) << 32) | reached++;
        int child = size++;
        while (child > 0) {
            int parent = (child - 1) / 2;
            if (keys[parent] <= key) {
                break;
            }
            keys[child] = keys[parent];
            pixels[child] = pixels[parent];
            child = parent;
        }
        keys[child] = key;
        pixels[child] = pixel;
    }

    private int pop() {
        int top = pixels[0];
        long key = keys[--size];
        int pixel = pixels[size];
        int parent = 0;
        for (int child = 1; child < size; child = 2 * parent + 1) {
            if (child + 1 < size && keys[child + 1] < keys[child]) {
                child++;
            }
            if (key <= keys[child]) {
                break;
            }
            keys[parent] = keys[child];
            pixels[parent] = pixels[child];
            parent = child;
        }
        keys[parent] = key;
        pixels[parent] = pixel;
        return top;
    }
}
