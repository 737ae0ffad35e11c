package dev.gnserve.instances;

import java.util.Arrays;
import java.util.function.IntPredicate;

/** The areas of numbered pixels of a picture, int32 [height, width], 0 for background: their sizes and boxes. Not thread-safe. */
final class NumberedAreas {

    /** For each number from 0 on: pixels, and the box with its last column and row. */
    final int[] sizes;

    final int[] left;
    final int[] right;
    final int[] top;
    final int[] bottom;

    NumberedAreas(int[] ids, int width) {
        int most = 0;
        for (int id : ids) {
            most = Math.max(most, id);
        }
        sizes = new int[most + 1];
        left = new int[most + 1];
        right = new int[most + 1];
        top = new int[most + 1];
        bottom = new int[most + 1];
        Arrays.fill(left, Integer.MAX_VALUE);
        Arrays.fill(top, Integer.MAX_VALUE);
        for (int y = 0, at = 0; at < ids.length; y++) {
            for (int x = 0; x < width; x++, at++) {
                int id = ids[at];
                if (id != 0) {
                    sizes[id]++;
                    left[id] = Math.min(left[id], x);
                    right[id] = Math.max(right[id], x);
                    top[id] = Math.min(top[id], y);
                    bottom[id] = y;
                }
            }
        }
    }

    int count() {
        return sizes.length - 1;
    }

    /** Removes the areas that are not kept, and numbers the rest without gaps, in order. Returns their number. */
    int keep(int[] ids, IntPredicate kept) {
        int[] numbers = new int[sizes.length];
        int count = 0;
        for (int id = 1; id < sizes.length; id++) {
            numbers[id] = sizes[id] > 0 && kept.test(id) ? ++count : 0;
        }
        for (int i = 0; i < ids.length; i++) {
            ids[i] = numbers[ids[i]];
        }
        return count;
    }

    /** Gives each area the pixels that it encloses: those in its box that no path over 4 neighbours joins to the border of the box. */
    void fillHoles(int[] ids, int width) {
        for (int id = 1; id < sizes.length; id++) {
            if (sizes[id] > 0) {
                fillHoles(ids, width, id);
            }
        }
    }

    private void fillHoles(int[] ids, int width, int id) {
        // One more on each side, from which all of the outside is reached.
        int wide = right[id] - left[id] + 3;
        int high = bottom[id] - top[id] + 3;
        boolean[] free = new boolean[wide * high];
        for (int y = 0; y < high; y++) {
            for (int x = 0; x < wide; x++) {
                boolean border = x == 0 || y == 0 || x == wide - 1 || y == high - 1;
                free[y * wide + x] = border || ids[(top[id] + y - 1) * width + left[id] + x - 1] != id;
            }
        }
        int[] reached = Components.label(free, wide, 0).ids();
        for (int y = 1; y < high - 1; y++) {
            for (int x = 1; x < wide - 1; x++) {
                if (reached[y * wide + x] > 1) {
                    ids[(top[id] + y - 1) * width + left[id] + x - 1] = id;
                }
            }
        }
    }
}
