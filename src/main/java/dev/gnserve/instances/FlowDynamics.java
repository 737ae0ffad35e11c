package dev.gnserve.instances;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Follows the flows of each pixel of a cell; pixels that arrive at the same place are one object. The steps, their order and float32 are
 * those of cellpose's {@code follow_flows} and {@code get_masks_torch} (Stringer et al. 2021). Thread-safe.
 */
final class FlowDynamics {

    /** The histogram is wider than the picture by this on each side. */
    private static final int PAD = 20;

    /** A place where more pixels arrive than this can be the centre of an object. */
    private static final int SEED = 10;

    /** Places around it belong to the centre if more pixels arrive there than this. */
    private static final int PART = 2;

    private static final int REACH = 5;

    private FlowDynamics() {}

    /**
     * The objects.
     *
     * @param down flow downwards at each pixel of a cell, in pixels; 0 elsewhere; [height, width]
     * @param right flow to the right
     * @param cell which pixels are of a cell
     * @return numbers from 1, 0 for background, [height, width]; numbers may be missing
     */
    static int[] objects(float[] down, float[] right, boolean[] cell, int width, int steps) {
        int height = cell.length / width;
        int wide = width + 2 * PAD;
        int[] arrived = new int[cell.length];
        int[] histogram = new int[wide * (height + 2 * PAD)];
        Follower follower = new Follower(down, right, width, height);
        for (int i = 0; i < cell.length; i++) {
            if (cell[i]) {
                arrived[i] = follower.follow(i % width, i / width, steps);
                histogram[arrived[i]]++;
            }
        }
        int[] owners = owners(histogram, wide);
        int[] ids = new int[cell.length];
        for (int i = 0; i < cell.length; i++) {
            ids[i] = cell[i] ? owners[arrived[i]] : 0;
        }
        return ids;
    }

    /** Moves points by bilinear interpolation of the flows, in the coordinates of PyTorch's grid_sample: -1 to 1 across the picture. */
    private static final class Follower {

        private final float[] down;
        private final float[] right;
        private final int width;
        private final int height;
        private final float lastX;
        private final float lastY;
        private final float scaleX;
        private final float scaleY;

        Follower(float[] down, float[] right, int width, int height) {
            this.down = down;
            this.right = right;
            this.width = width;
            this.height = height;
            lastX = Math.max(1, width - 1);
            lastY = Math.max(1, height - 1);
            scaleX = 2 / lastX;
            scaleY = 2 / lastY;
        }

        /** Where a pixel arrives, as a place in the histogram. */
        int follow(int startX, int startY, int steps) {
            float x = startX / lastX * 2 - 1;
            float y = startY / lastY * 2 - 1;
            for (int step = 0; step < steps; step++) {
                float u = (x + 1) * (width / 2f) - 0.5f;
                float v = (y + 1) * (height / 2f) - 0.5f;
                int left = (int) Math.floor(u);
                int top = (int) Math.floor(v);
                float east = u - left;
                float west = 1 - east;
                float south = v - top;
                float north = 1 - south;
                boolean inLeft = left >= 0 && left < width;
                boolean inRight = left + 1 >= 0 && left + 1 < width;
                float dx = 0;
                float dy = 0;
                int at = top * width + left;
                if (top >= 0 && top < height) {
                    float weightLeft = inLeft ? west * north : 0;
                    float weightRight = inRight ? east * north : 0;
                    dx = (inLeft ? weightLeft * (right[at] * scaleX) : 0)
                            + (inRight ? weightRight * (right[at + 1] * scaleX) : 0);
                    dy = (inLeft ? weightLeft * (down[at] * scaleY) : 0)
                            + (inRight ? weightRight * (down[at + 1] * scaleY) : 0);
                }
                if (top + 1 >= 0 && top + 1 < height) {
                    float weightLeft = inLeft ? west * south : 0;
                    float weightRight = inRight ? east * south : 0;
                    dx = dx
                            + (inLeft ? weightLeft * (right[at + width] * scaleX) : 0)
                            + (inRight ? weightRight * (right[at + width + 1] * scaleX) : 0);
                    dy = dy
                            + (inLeft ? weightLeft * (down[at + width] * scaleY) : 0)
                            + (inRight ? weightRight * (down[at + width + 1] * scaleY) : 0);
                }
                float nextX = Math.max(-1, Math.min(1, x + dx));
                float nextY = Math.max(-1, Math.min(1, y + dy));
                if (nextX == x && nextY == y) {
                    break; // It stays there.
                }
                x = nextX;
                y = nextY;
            }
            int column = (int) ((x + 1) * 0.5f * lastX);
            int row = (int) ((y + 1) * 0.5f * lastY);
            return (Math.min(row, height - 1) + PAD) * (width + 2 * PAD) + Math.min(column, width - 1) + PAD;
        }
    }

    /** The number of the object that each place of the histogram belongs to; of several, the one with the highest peak. */
    private static int[] owners(int[] histogram, int wide) {
        List<Integer> peaks = IntStream.range(0, histogram.length)
                .filter(at -> histogram[at] > SEED && isPeak(histogram, wide, at))
                .boxed()
                .sorted(Comparator.comparing(at -> histogram[at])) // Stable.
                .toList();
        int[] owners = new int[histogram.length];
        for (int i = 0; i < peaks.size(); i++) {
            extend(histogram, wide, peaks.get(i), i + 1, owners);
        }
        return owners;
    }

    /** Whether no place up to two away has more. */
    private static boolean isPeak(int[] histogram, int wide, int at) {
        for (int y = -2; y <= 2; y++) {
            for (int x = -2; x <= 2; x++) {
                if (histogram[at + y * wide + x] > histogram[at]) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Grows a peak five times by its 8 neighbours in which pixels arrive. */
    private static void extend(int[] histogram, int wide, int peak, int number, int[] owners) {
        int side = 2 * REACH + 1;
        boolean[] part = new boolean[side * side];
        part[REACH * side + REACH] = true;
        for (int round = 1; round <= REACH; round++) {
            boolean[] grown = part.clone();
            for (int y = REACH - round; y <= REACH + round; y++) {
                for (int x = REACH - round; x <= REACH + round; x++) {
                    int at = peak + (y - REACH) * wide + x - REACH;
                    grown[y * side + x] = histogram[at] > PART && hasNeighbour(part, side, x, y);
                }
            }
            part = grown;
        }
        for (int i = 0; i < part.length; i++) {
            if (part[i]) {
                owners[peak + (i / side - REACH) * wide + i % side - REACH] = number;
            }
        }
    }

    private static boolean hasNeighbour(boolean[] part, int side, int x, int y) {
        for (int v = Math.max(0, y - 1); v <= Math.min(side - 1, y + 1); v++) {
            for (int u = Math.max(0, x - 1); u <= Math.min(side - 1, x + 1); u++) {
                if (part[v * side + u]) {
                    return true;
                }
            }
        }
        return false;
    }
}
