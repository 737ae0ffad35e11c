package dev.gnserve.instances;

import dev.gnserve.image.Cancellation;
import org.jspecify.annotations.Nullable;

/**
 * Floods a relief from markers: the lowest place that the water has reached hands its number on first; of equal ones, the one that was
 * reached first. The same as scikit-image's {@code watershed} with connectivity 1 (Soille and Ansoult 1990). Not thread-safe.
 */
final class Watershed {

    private static final int REACHED_PER_CHECK = 1 << 12;

    private final float[] heights;
    private final boolean @Nullable [] mask;
    private final int[] ids;
    private final int width;
    private final int plane;

    /** When each place was reached. */
    private final int[] ages;

    /** A heap of the places that were reached and have not handed their number on. */
    private final int[] heap;

    private int size;
    private int reached;

    private Watershed(float[] heights, boolean @Nullable [] mask, int[] ids, int width, int plane) {
        this.heights = heights;
        this.mask = mask;
        this.ids = ids;
        this.width = width;
        this.plane = plane;
        this.ages = new int[ids.length];
        this.heap = new int[ids.length];
    }

    /**
     * Floods a picture.
     *
     * @param heights float32 [height, width], without NaN
     * @param mask where the water may be
     * @param ids the numbers of the markers, else 0; receives the numbers of the basins. Markers outside of the mask become 0
     */
    static void flood(float[] heights, boolean[] mask, int[] ids, int width) {
        for (int i = 0; i < ids.length; i++) {
            if (!mask[i]) {
                ids[i] = 0;
            }
        }
        new Watershed(heights, mask, ids, width, ids.length).flood(Cancellation.NEVER);
    }

    /**
     * Floods a volume.
     *
     * @param heights float32 [planes, rows, columns], without NaN
     * @param ids the numbers of the markers, else 0; receives the numbers of the basins
     * @param cancellation asked again and again
     */
    static void flood(float[] heights, int[] ids, int rows, int columns, Cancellation cancellation) {
        new Watershed(heights, null, ids, columns, rows * columns).flood(cancellation);
    }

    private void flood(Cancellation cancellation) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] != 0 && hasFreeNeighbour(i)) {
                push(i);
            }
        }
        while (size > 0) {
            if (reached % REACHED_PER_CHECK == 0) {
                cancellation.throwIfCancelled();
            }
            int at = pop();
            int id = ids[at];
            int x = at % width;
            int inPlane = at % plane;
            if (at >= plane) {
                claim(at - plane, id);
            }
            if (inPlane >= width) {
                claim(at - width, id);
            }
            if (x > 0) {
                claim(at - 1, id);
            }
            if (x < width - 1) {
                claim(at + 1, id);
            }
            if (inPlane < plane - width) {
                claim(at + width, id);
            }
            if (at < ids.length - plane) {
                claim(at + plane, id);
            }
        }
    }

    private boolean hasFreeNeighbour(int at) {
        int x = at % width;
        int inPlane = at % plane;
        return (at >= plane && isFree(at - plane))
                || (inPlane >= width && isFree(at - width))
                || (x > 0 && isFree(at - 1))
                || (x < width - 1 && isFree(at + 1))
                || (inPlane < plane - width && isFree(at + width))
                || (at < ids.length - plane && isFree(at + plane));
    }

    private boolean isFree(int at) {
        return ids[at] == 0 && (mask == null || mask[at]);
    }

    private void claim(int at, int id) {
        if (isFree(at)) {
            ids[at] = id;
            push(at);
        }
    }

    private boolean isBefore(int one, int other) {
        return heights[one] < heights[other] || (heights[one] == heights[other] && ages[one] < ages[other]);
    }

    private void push(int place) {
        ages[place] = reached++;
        int child = size++;
        while (child > 0) {
            int parent = (child - 1) / 2;
            if (!isBefore(place, heap[parent])) {
                break;
            }
            heap[child] = heap[parent];
            child = parent;
        }
        heap[child] = place;
    }

    private int pop() {
        int top = heap[0];
        int place = heap[--size];
        int parent = 0;
        for (int child = 1; child < size; child = 2 * parent + 1) {
            if (child + 1 < size && isBefore(heap[child + 1], heap[child])) {
                child++;
            }
            if (!isBefore(heap[child], place)) {
                break;
            }
            heap[parent] = heap[child];
            parent = child;
        }
        heap[parent] = place;
        return top;
    }
}
