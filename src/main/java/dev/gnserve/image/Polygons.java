package dev.gnserve.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Outlines of masks along the edges of pixels: a single pixel at (x, y) is the square x,y x+1,y x+1,y+1 x,y+1, and the
 * area of an outline is its count of pixels.
 *
 * <p>One polygon per part that hangs together by pixel sides, in the order of their first pixels, each clockwise on the
 * screen. Holes are filled, as in COCO's annotations, where a polygon cannot have one.
 */
public final class Polygons {

    private final BitSet inside;
    private final int width;
    private final int height;

    private Polygons(LabelMap map, int label, LabelMap.Region region) {
        width = region.width();
        height = region.height();
        inside = new BitSet(width * height);
        int[] row = new int[width];
        for (int y = 0; y < height; y++) {
            map.row(region.x(), region.y() + y, row, width);
            for (int x = 0; x < width; x++) {
                if (row[x] == label) {
                    inside.set(y * width + x);
                }
            }
        }
    }

    /** The outlines x1, y1, x2, y2, ... of the pixels that carry a label. */
    public static List<int[]> of(LabelMap map, int label) {
        return of(map, label, map.everything());
    }

    /** The outlines, in pixels of the whole picture, of those pixels of a region that carry a label. */
    public static List<int[]> of(LabelMap map, int label, LabelMap.Region region) {
        region.requireWithin(map);
        return new Polygons(map, label, region).trace(region.x(), region.y());
    }

    private List<int[]> trace(int left, int top) {
        List<int[]> outlines = new ArrayList<>();
        // Every outline runs to the right along the upper side of some pixel; those sides are ticked off.
        BitSet visited = new BitSet(width * height);
        for (int i = inside.nextSetBit(0); i >= 0; i = inside.nextSetBit(i + 1)) {
            int x = i % width;
            int y = i / width;
            if (!visited.get(i) && !isInside(x, y - 1)) {
                Outline outline = follow(x, y, visited);
                if (outline.isOuter()) {
                    outlines.add(outline.shifted(left, top));
                }
            }
        }
        return outlines;
    }

    /** Walks along pixel sides with the mask to the right, from the upper left corner of a pixel back to it. */
    private Outline follow(int startX, int startY, BitSet visited) {
        Outline outline = new Outline();
        int x = startX;
        int y = startY;
        int dx = 1;
        int dy = 0;
        do {
            outline.add(x, y);
            do {
                if (dx == 1) {
                    visited.set(y * width + x);
                }
                x += dx;
                y += dy;
                // Straight on as long as the mask stays to the right and only there.
            } while (isAheadRight(x, y, dx, dy) && !isAheadLeft(x, y, dx, dy));
            // Where two pixels touch by a corner only, the turn to the right keeps them apart.
            boolean turnRight = !isAheadRight(x, y, dx, dy);
            int turned = turnRight ? dx : -dx;
            dx = turnRight ? -dy : dy;
            dy = turned;
        } while (x != startX || y != startY || dx != 1);
        return outline;
    }

    private boolean isAheadRight(int x, int y, int dx, int dy) {
        return isInside(x + Math.min(0, dx) + Math.min(0, -dy), y + Math.min(0, dy) + Math.min(0, dx));
    }

    private boolean isAheadLeft(int x, int y, int dx, int dy) {
        return isInside(x + Math.min(0, dx) + Math.min(0, dy), y + Math.min(0, dy) + Math.min(0, -dx));
    }

    private boolean isInside(int x, int y) {
        return x >= 0 && x < width && y >= 0 && y < height && inside.get(y * width + x);
    }

    /** Corners of a closed line, and twice the area to its right. */
    private static final class Outline {
        private int[] corners = new int[16];
        private int size;

        void add(int x, int y) {
            if (size == corners.length) {
                corners = Arrays.copyOf(corners, size * 2);
            }
            corners[size++] = x;
            corners[size++] = y;
        }

        /** The line around a hole runs the other way round. */
        boolean isOuter() {
            long area = 0;
            for (int i = 0, j = size - 2; i < size; j = i, i += 2) {
                area += (long) corners[j] * corners[i + 1] - (long) corners[i] * corners[j + 1];
            }
            return area > 0;
        }

        int[] shifted(int left, int top) {
            int[] shifted = new int[size];
            for (int i = 0; i < size; i += 2) {
                shifted[i] = corners[i] + left;
                shifted[i + 1] = corners[i + 1] + top;
            }
            return shifted;
        }
    }
}
