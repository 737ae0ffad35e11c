package dev.gnserve.image;

import java.util.Arrays;

/** Gives the objects of a map colours such that close neighbours differ, the same objects always the same ones. */
final class NeighbourColors {

    /** Objects with fewer pixels than this between them are neighbours. */
    private static final int REACH = 12;

    private final LabelMap map;
    private long[] pairs = new long[64];
    private int size;

    private NeighbourColors(LabelMap map) {
        this.map = map;
    }

    /** The palette index of every label, at [label]. */
    static int[] of(LabelMap map) {
        return new NeighbourColors(map).assign();
    }

    private int[] assign() {
        int most = collect();
        long[] sorted = Arrays.copyOf(pairs, size);
        Arrays.sort(sorted);
        int[] colors = new int[most + 1];
        int[] uses = new int[Palette.SIZE];
        int next = 0;
        for (int label = 1; label <= most; label++) {
            int[] around = new int[Palette.SIZE];
            for (; next < sorted.length && sorted[next] >> 32 == label; next++) {
                if (next == 0 || sorted[next] != sorted[next - 1]) {
                    around[colors[(int) sorted[next]]]++;
                }
            }
            int best = 0;
            for (int color = 1; color < Palette.SIZE; color++) {
                if (around[color] < around[best] || (around[color] == around[best] && uses[color] < uses[best])) {
                    best = color;
                }
            }
            colors[label] = best;
            uses[best]++;
        }
        return colors;
    }

    /** Finds neighbours along rows and columns; returns the greatest label. */
    private int collect() {
        int width = map.width();
        int[] row = new int[width];
        int[] above = new int[width];
        int[] aboveY = new int[width];
        int most = 0;
        for (int y = 0; y < map.height(); y++) {
            map.row(0, y, row, width);
            int before = 0;
            int beforeX = 0;
            for (int x = 0; x < width; x++) {
                int label = row[x];
                if (label == 0) {
                    continue;
                }
                most = Math.max(most, label);
                if (before != label && before != 0 && x - beforeX <= REACH) {
                    add(before, label);
                }
                if (above[x] != label && above[x] != 0 && y - aboveY[x] <= REACH) {
                    add(above[x], label);
                }
                before = label;
                beforeX = x;
                above[x] = label;
                aboveY[x] = y;
            }
        }
        return most;
    }

    /** Keeps a pair under its greater label, which is coloured later. */
    private void add(int a, int b) {
        long pair = (long) Math.max(a, b) << 32 | Math.min(a, b);
        if (size > 0 && pairs[size - 1] == pair) {
            return;
        }
        if (size == pairs.length) {
            pairs = Arrays.copyOf(pairs, size * 2);
        }
        pairs[size++] = pair;
    }
}
