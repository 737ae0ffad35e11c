package dev.gnserve.instances;

import java.util.Arrays;

/**
 * The maxima of a volume: voxels above the least value of all that are at least as great as their 26 neighbours. Those that touch are one
 * maximum. So scikit-image's {@code peak_local_max} finds them with a distance of 1. Not thread-safe.
 */
final class Maxima {

    private final float[] values;
    private final int[] sizes;
    private final int[] ids;
    private final float least;
    private final float greatest;

    /** Places whose neighbours are still to be looked at. */
    private int[] front = new int[64];

    private int waiting;

    private final int[] around = new int[27];
    private final int[] next = new int[27];

    /**
     * @param values float32 [planes, rows, columns], without NaN
     * @param sizes planes, rows and columns
     * @param ids all 0; receives the numbers
     */
    Maxima(float[] values, int[] sizes, int[] ids) {
        this.values = values;
        this.sizes = sizes;
        this.ids = ids;
        float low = Float.POSITIVE_INFINITY;
        float high = Float.NEGATIVE_INFINITY;
        for (float value : values) {
            low = Math.min(low, value);
            high = Math.max(high, value);
        }
        this.least = low;
        this.greatest = high;
    }

    float least() {
        return least;
    }

    float greatest() {
        return greatest;
    }

    /** Numbers the maxima from 1 in reading order of their first voxels; how many there are. */
    int number() {
        int count = 0;
        for (int at = 0; at < values.length; at++) {
            if (ids[at] == 0 && isMaximum(at)) {
                count++;
                claim(at, count);
                while (waiting > 0) {
                    spread(front[--waiting], count);
                }
            }
        }
        return count;
    }

    private void claim(int at, int id) {
        ids[at] = id;
        if (waiting == front.length) {
            front = Arrays.copyOf(front, 2 * waiting);
        }
        front[waiting++] = at;
    }

    private boolean isMaximum(int at) {
        if (values[at] <= least) {
            return false;
        }
        int count = neighbours(at, around);
        for (int i = 0; i < count; i++) {
            if (values[around[i]] > values[at]) {
                return false;
            }
        }
        return true;
    }

    /** Gives the neighbours of a maximum that are maxima its number. */
    private void spread(int at, int id) {
        int count = neighbours(at, next);
        for (int i = 0; i < count; i++) {
            if (ids[next[i]] == 0 && isMaximum(next[i])) {
                claim(next[i], id);
            }
        }
    }

    /** Puts the voxel and its neighbours into an array; how many they are. */
    private int neighbours(int at, int[] into) {
        int plane = sizes[1] * sizes[2];
        int a = at / plane;
        int b = at % plane / sizes[2];
        int c = at % sizes[2];
        int count = 0;
        for (int i = Math.max(0, a - 1); i <= Math.min(sizes[0] - 1, a + 1); i++) {
            for (int j = Math.max(0, b - 1); j <= Math.min(sizes[1] - 1, b + 1); j++) {
                for (int k = Math.max(0, c - 1); k <= Math.min(sizes[2] - 1, c + 1); k++) {
                    into[count++] = i * plane + j * sizes[2] + k;
                }
            }
        }
        return count;
    }
}
