package dev.gnserve.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Outlines of masks along the edges of pixels: a single pixel at (x, y) is the square x,y x+1,y x+1,y+1 x,y+1, and the
 * area of an outline is its count of pixels.
 *
 * <p>One part for all pixels that hang together by their sides, in the order of their first pixels. No line crosses or touches itself
 * (OGC Simple Features, 06-103r4, section 6.1.11): where pixels of a part touch by a corner only, the gap behind the corner is a
 * hole that touches the outer line in one point.
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

    /**
     * Pixels that hang together by their sides. Lines are x1, y1, x2, y2, ... without the first point again at the end.
     *
     * @param outer the line around the part, clockwise on the screen
     * @param holes the lines around its holes, counterclockwise on the screen
     */
    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    public record Part(int[] outer, List<int[]> holes) {

        /** This part elsewhere. */
        public Part shifted(int right, int down) {
            return new Part(
                    shifted(outer, right, down),
                    holes.stream().map(hole -> shifted(hole, right, down)).toList());
        }

        private static int[] shifted(int[] line, int right, int down) {
            return IntStream.range(0, line.length)
                    .map(i -> line[i] + (i % 2 == 0 ? right : down))
                    .toArray();
        }
    }

    /** The outer lines of the pixels that carry a label: holes are filled, as in COCO's annotations, where a polygon cannot have one. */
    public static List<int[]> of(LabelMap map, int label) {
        return of(map, label, map.everything());
    }

    /** The outer lines, in pixels of the whole picture, of those pixels of a region that carry a label. */
    public static List<int[]> of(LabelMap map, int label, LabelMap.Region region) {
        return parts(map, label, region).stream().map(Part::outer).toList();
    }

    /** The parts, in pixels of the whole picture, of those pixels of a region that carry a label. */
    public static List<Part> parts(LabelMap map, int label, LabelMap.Region region) {
        region.requireWithin(map);
        Polygons polygons = new Polygons(map, label, region);
        List<Outline> lines = polygons.trace();
        List<Part> parts = new ArrayList<>();
        int[] partOf = polygons.partOf(lines);
        for (int i = 0; i < lines.size(); i++) {
            int[] line = lines.get(i).shifted(region.x(), region.y());
            if (partOf[i] == parts.size()) {
                parts.add(new Part(line, new ArrayList<>()));
            } else {
                parts.get(partOf[i]).holes().add(line);
            }
        }
        return parts;
    }

    private List<Outline> trace() {
        List<Outline> outlines = new ArrayList<>();
        // Every outline runs to the right along the upper side of some pixel; those sides are ticked off.
        BitSet visited = new BitSet(width * height);
        for (int i = inside.nextSetBit(0); i >= 0; i = inside.nextSetBit(i + 1)) {
            int x = i % width;
            int y = i / width;
            if (!visited.get(i) && !isInside(x, y - 1)) {
                outlines.addAll(follow(x, y, visited).withoutTouching());
            }
        }
        return outlines;
    }

    /** The number of the part to which each line belongs. The outer line of a part is before its holes. */
    private int[] partOf(List<Outline> lines) {
        int[] part = new int[lines.size()];
        List<Integer> holes = new ArrayList<>();
        int parts = 0;
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).isOuter()) {
                part[i] = parts++;
            } else {
                holes.add(i);
            }
        }
        if (!holes.isEmpty()) {
            Map<Integer, Integer> leftSides = leftSides(lines);
            // To the left of a hole is a line that begins further left: the outer one, or that of a hole of the same
            // part.
            holes.sort(Comparator.comparingInt(hole -> lines.get(hole).leftmost()[0]));
            for (int hole : holes) {
                int[] side = lines.get(hole).leftmost();
                int x = side[0] - 1;
                while (isInside(x - 1, side[1])) {
                    x--;
                }
                part[hole] = part[Objects.requireNonNull(leftSides.get(side[1] * width + x), "a row of pixels begins")];
            }
        }
        return part;
    }

    /** By pixel, the line that runs along its left side. */
    private Map<Integer, Integer> leftSides(List<Outline> lines) {
        Map<Integer, Integer> sides = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            int line = i;
            lines.get(i).upwards((x, y) -> sides.put(y * width + x, line));
        }
        return sides;
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

    @FunctionalInterface
    private interface Pixels {
        void at(int x, int y);
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

        /** This line, cut where it touches itself: lines that touch in a point, outer ones first. */
        List<Outline> withoutTouching() {
            Map<Long, Integer> places = new HashMap<>();
            List<Outline> lines = new ArrayList<>();
            Outline open = new Outline();
            for (int i = 0; i < size; i += 2) {
                long point = point(i);
                Integer before = places.get(point);
                if (before != null) {
                    lines.add(open.cut(before, places));
                }
                places.put(point, open.size);
                open.add(corners[i], corners[i + 1]);
            }
            lines.add(open);
            lines.sort(Comparator.comparing(line -> !line.isOuter()));
            return lines;
        }

        /** Takes the corners from a place on away, as a line of their own. */
        private Outline cut(int from, Map<Long, Integer> places) {
            Outline line = new Outline();
            for (int i = from; i < size; i += 2) {
                places.remove(point(i));
                line.add(corners[i], corners[i + 1]);
            }
            size = from;
            return line;
        }

        private long point(int i) {
            return ((long) corners[i + 1] << Integer.SIZE) | corners[i];
        }

        /** The column of its left end, and a row in which a pixel lies to the left of that column, outside a hole. */
        int[] leftmost() {
            int[] found = {Integer.MAX_VALUE, 0};
            for (int i = 0; i < size; i += 2) {
                int next = (i + 2) % size;
                if (corners[i] == corners[next] && corners[i] < found[0]) {
                    found = new int[] {corners[i], Math.min(corners[i + 1], corners[next + 1])};
                }
            }
            return found;
        }

        /** Every pixel along whose left side the line runs upwards. */
        void upwards(Pixels pixels) {
            for (int i = 0; i < size; i += 2) {
                int next = (i + 2) % size;
                for (int y = corners[next + 1]; y < corners[i + 1]; y++) {
                    pixels.at(corners[i], y);
                }
            }
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
