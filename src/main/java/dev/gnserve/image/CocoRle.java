package dev.gnserve.image;

import java.util.Arrays;

/**
 * A mask as COCO's compressed run-length string, as pycocotools reads it: runs of zeros and ones in turn, column by
 * column from the top left, each run (from the fourth on as the difference to the one two before) in groups of five bits.
 *
 * @param height of the picture
 * @param width of the picture
 * @param counts the string
 */
public record CocoRle(int height, int width, String counts) {

    /** The pixels that carry a label. */
    public static CocoRle of(LabelMap map, int label) {
        return of(map, label, map.everything());
    }

    /** The pixels of a region that carry a label, as a mask of the whole picture; takes time for the region only. */
    public static CocoRle of(LabelMap map, int label, LabelMap.Region region) {
        region.requireWithin(map);
        return new CocoRle(map.height(), map.width(), encode(toggles(map, label, region), map.height() * map.width()));
    }

    /**
     * The positions, counted down the columns of the picture, at which the mask changes.
     *
     * <p>Labels lie in rows and runs in columns. So that memory is read as it lies, changes are counted per column in
     * one pass over the rows and put in place, column by column, in a second.
     */
    private static int[] toggles(LabelMap map, int label, LabelMap.Region region) {
        int width = region.width();
        int[] ends = new int[width + 1];
        scan(map, label, region, (x, y) -> ends[x + 1]++);
        for (int x = 0; x < width; x++) {
            ends[x + 1] += ends[x];
        }
        int[] toggles = new int[ends[width]];
        scan(map, label, region, (x, y) -> toggles[ends[x]++] = (region.x() + x) * map.height() + region.y() + y);
        return withoutPairs(toggles);
    }

    /** A run through the foot of a column into the head of the next ends and begins at one position: it goes on. */
    private static int[] withoutPairs(int[] toggles) {
        int kept = 0;
        for (int toggle : toggles) {
            if (kept > 0 && toggles[kept - 1] == toggle) {
                kept--;
            } else {
                toggles[kept++] = toggle;
            }
        }
        return Arrays.copyOf(toggles, kept);
    }

    private interface Change {
        void at(int x, int y);
    }

    private static void scan(LabelMap map, int label, LabelMap.Region region, Change change) {
        boolean[] above = new boolean[region.width()];
        int[] row = new int[region.width()];
        for (int y = 0; y < region.height(); y++) {
            map.row(region.x(), region.y() + y, row, row.length);
            for (int x = 0; x < row.length; x++) {
                boolean here = row[x] == label;
                if (here != above[x]) {
                    change.at(x, y);
                    above[x] = here;
                }
            }
        }
        for (int x = 0; x < above.length; x++) {
            if (above[x]) {
                change.at(x, region.height());
            }
        }
    }

    private static String encode(int[] toggles, int length) {
        StringBuilder text = new StringBuilder(toggles.length * 2 + 8);
        int runs = toggles.length == 0 || toggles[toggles.length - 1] < length ? toggles.length + 1 : toggles.length;
        for (int i = 0; i < runs; i++) {
            int run = run(toggles, i, length);
            append(text, i > 2 ? run - run(toggles, i - 2, length) : run);
        }
        return text.toString();
    }

    private static int run(int[] toggles, int i, int length) {
        return (i < toggles.length ? toggles[i] : length) - (i > 0 ? toggles[i - 1] : 0);
    }

    /** Five bits at a time, the lowest first; the sixth says that more follow, the fifth of the last is the sign. */
    private static void append(StringBuilder text, int value) {
        int rest = value;
        boolean more;
        do {
            int bits = rest & 0x1F;
            rest >>= 5;
            more = (bits & 0x10) != 0 ? rest != -1 : rest != 0;
            text.append((char) ((more ? bits | 0x20 : bits) + 48));
        } while (more);
    }
}
