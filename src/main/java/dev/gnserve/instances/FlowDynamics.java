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
        FlowFollower follower = new FlowFollower(down, right, width, height, steps);
        follower.follow(cell, arrived, PAD);
        for (int i = 0; i < cell.length; i++) {
            histogram[arrived[i]] += cell[i] ? 1 : 0;
        }
        int[] owners = owners(histogram, wide);
        int[] ids = new int[cell.length];
        for (int i = 0; i < cell.length; i++) {
            ids[i] = cell[i] ? owners[arrived[i]] : 0;
        }
        return ids;
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
