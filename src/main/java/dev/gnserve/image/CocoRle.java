package dev.gnserve.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
     * The pixels at some places.
     *
     * @param places counted down the columns from the top left, in ascending order
     */
    public static CocoRle ofPlaces(int height, int width, int[] places) {
        int[] toggles = new int[2 * places.length];
        int count = 0;
        for (int place : places) {
            if (count > 0 && toggles[count - 1] == place) {
                count--; // The run goes on.
            } else {
                toggles[count++] = place;
            }
            toggles[count++] = place + 1;
        }
        return new CocoRle(height, width, encode(Arrays.copyOf(toggles, count), height * width));
    }

    /**
     * The mask's pixels, 1 inside, [height, width], row-major.
     *
     * @throws IllegalArgumentException if the string is none, or its runs do not cover the picture
     */
    public byte[] pixels() {
        return pixels(new LabelMap.Region(0, 0, width, height));
    }

    /**
     * The mask's pixels in a region, 1 inside, [region height, region width], row-major. Takes time for the runs and the pixels inside.
     *
     * @throws IllegalArgumentException if the string is none, or its runs do not cover the picture
     */
    public byte[] pixels(LabelMap.Region region) {
        byte[] pixels = new byte[Math.multiplyExact(region.height(), region.width())];
        List<Integer> ends = ends();
        for (int i = 1; i < ends.size(); i += 2) {
            for (int position = ends.get(i - 1); position < ends.get(i); position++) {
                int x = position / height - region.x();
                int y = position % height - region.y();
                if (x >= 0 && x < region.width() && y >= 0 && y < region.height()) {
                    pixels[y * region.width() + x] = 1;
                }
            }
        }
        return pixels;
    }

    /**
     * The smallest rectangle around the mask; null if it is empty.
     *
     * @throws IllegalArgumentException if the string is none, or its runs do not cover the picture
     */
    public LabelMap.@Nullable Region bounds() {
        int left = Integer.MAX_VALUE;
        int right = -1;
        int top = Integer.MAX_VALUE;
        int bottom = -1;
        List<Integer> ends = ends();
        for (int i = 1; i < ends.size(); i += 2) {
            int first = ends.get(i - 1);
            int last = ends.get(i) - 1;
            if (last < first) {
                continue;
            }
            boolean oneColumn = first / height == last / height;
            left = Math.min(left, first / height);
            right = Math.max(right, last / height);
            top = Math.min(top, oneColumn ? first % height : 0);
            bottom = Math.max(bottom, oneColumn ? last % height : height - 1);
        }
        return right < 0 ? null : new LabelMap.Region(left, top, right - left + 1, bottom - top + 1);
    }

    /** The end of each run, of zeros and ones in turn, counted down the columns. */
    private List<Integer> ends() {
        int length = Math.multiplyExact(height, width);
        List<Integer> ends = new ArrayList<>();
        List<Integer> runs = new ArrayList<>();
        int position = 0;
        for (int at = 0; at < counts.length(); ) {
            int value = 0;
            int shift = 0;
            int bits;
            do {
                bits = at < counts.length() && shift < Integer.SIZE ? counts.charAt(at++) - 48 : -1;
                if (bits < 0 || bits > 0x3F) {
                    throw new IllegalArgumentException("no run-length string at character " + at);
                }
                value |= (bits & 0x1F) << shift;
                shift += 5;
            } while ((bits & 0x20) != 0);
            if ((bits & 0x10) != 0 && shift < Integer.SIZE) {
                value |= -1 << shift;
            }
            int run = runs.size() > 2 ? value + runs.get(runs.size() - 2) : value;
            if (run < 0 || run > length - position) {
                throw new IllegalArgumentException("run " + runs.size() + " of " + run + " pixels leaves the picture");
            }
            position += run;
            runs.add(run);
            ends.add(position);
        }
        if (position != length) {
            throw new IllegalArgumentException("the runs cover " + position + " of " + length + " pixels");
        }
        return ends;
    }

    /**
     * The positions, counted down the columns of the picture, at which the mask changes.
     *
     * <p>Labels lie in rows and runs in columns. So that memory is read as it lies, changes are collected row by row and
     * then put in the order of the columns.
     */
    private static int[] toggles(LabelMap map, int label, LabelMap.Region region) {
        Changes changes = new Changes(region.width());
        boolean[] above = new boolean[region.width()];
        boolean[] here = new boolean[region.width()];
        for (int y = 0; y < region.height(); y++) {
            map.mark(label, region.x(), region.y() + y, here);
            changes.between(above, here, y);
            boolean[] next = above;
            above = here;
            here = next;
        }
        changes.between(above, new boolean[region.width()], region.height());
        return withoutPairs(changes.downTheColumns(region, map.height()));
    }

    /** Pixels that differ from the one above, in the order of the rows, within a region. */
    private static final class Changes {

        private final int[] endOfColumn;
        private int[] columns = new int[64];
        private int[] rows = new int[64];
        private int count;

        Changes(int width) {
            endOfColumn = new int[width + 1];
        }

        void between(boolean[] above, boolean[] here, int y) {
            int width = here.length;
            // Most rows are like the one above for long stretches, which are compared many pixels at a time.
            int x = Arrays.mismatch(above, here);
            while (x >= 0 && x < width) {
                if (above[x] == here[x]) {
                    int stretch = Arrays.mismatch(above, x, width, here, x, width);
                    if (stretch < 0) {
                        return;
                    }
                    x += stretch;
                }
                add(x++, y);
            }
        }

        private void add(int x, int y) {
            if (count == columns.length) {
                columns = Arrays.copyOf(columns, 2 * count);
                rows = Arrays.copyOf(rows, 2 * count);
            }
            columns[count] = x;
            rows[count++] = y;
            endOfColumn[x + 1]++;
        }

        /** Positions in the picture; sorted by counting, once. */
        int[] downTheColumns(LabelMap.Region region, int height) {
            for (int x = 1; x < endOfColumn.length; x++) {
                endOfColumn[x] += endOfColumn[x - 1];
            }
            int[] positions = new int[count];
            for (int i = 0; i < count; i++) {
                int x = columns[i];
                positions[endOfColumn[x]++] = (region.x() + x) * height + region.y() + rows[i];
            }
            return positions;
        }
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
