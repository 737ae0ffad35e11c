package dev.gnserve.evaluation;

import dev.gnserve.image.Box;
import dev.gnserve.image.CocoRle;
import dev.gnserve.image.LabelMap;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The pixels of one object in an image. Immutable.
 *
 * @param region around them
 * @param inside [region.height, region.width], row-major; shared, not copied
 * @param area how many
 */
public record Pixels(LabelMap.Region region, BitSet inside, int area) {

    private static final Pixels NONE = new Pixels(new LabelMap.Region(0, 0, 1, 1), new BitSet(), 0);

    private static Pixels of(LabelMap.Region region, BitSet inside) {
        return new Pixels(region, inside, inside.cardinality());
    }

    /** The pixels of a mask; of an empty one none, at the top left. */
    static Pixels of(CocoRle mask) {
        LabelMap.@Nullable Region bounds = mask.bounds();
        if (bounds == null) {
            return NONE;
        }
        byte[] values = mask.pixels(bounds);
        BitSet inside = new BitSet(values.length);
        for (int i = 0; i < values.length; i++) {
            if (values[i] != 0) {
                inside.set(i);
            }
        }
        return of(bounds, inside);
    }

    /** The pixels of a region that are true, [region.height, region.width], row-major. */
    static Pixels of(LabelMap.Region region, boolean[] values) {
        BitSet inside = new BitSet(values.length);
        for (int i = 0; i < values.length; i++) {
            inside.set(i, values[i]);
        }
        return of(region, inside);
    }

    /** The objects of a picture of object numbers, in the order of these; 0 is the background. */
    static Map<Integer, Pixels> ofNumbers(LabelMap numbers) {
        Map<Integer, int[]> corners = new TreeMap<>(); // left, top, right, bottom
        for (int y = 0; y < numbers.height(); y++) {
            for (int x = 0; x < numbers.width(); x++) {
                int number = numbers.label(x, y);
                if (number != 0) {
                    int[] known = corners.computeIfAbsent(
                            number, first -> new int[] {Integer.MAX_VALUE, Integer.MAX_VALUE, -1, -1});
                    known[0] = Math.min(known[0], x);
                    known[1] = Math.min(known[1], y);
                    known[2] = Math.max(known[2], x);
                    known[3] = Math.max(known[3], y);
                }
            }
        }
        Map<Integer, Pixels> objects = new TreeMap<>();
        corners.forEach((number, corner) -> {
            LabelMap.Region region =
                    new LabelMap.Region(corner[0], corner[1], corner[2] - corner[0] + 1, corner[3] - corner[1] + 1);
            BitSet inside = new BitSet();
            for (int y = 0; y < region.height(); y++) {
                for (int x = 0; x < region.width(); x++) {
                    if (numbers.label(region.x() + x, region.y() + y) == number) {
                        inside.set(y * region.width() + x);
                    }
                }
            }
            objects.put(number, of(region, inside));
        });
        return objects;
    }

    /**
     * The pixels within polygons, by the rule of COCO's own tools: corners are rounded to a grid of a fifth of a pixel, and a pixel
     * column is inside between the points at which the outline crosses its middle.
     *
     * @param polygons each x, y, x, y, ...
     */
    static Pixels ofPolygons(List<double[]> polygons, int width, int height) {
        BitSet columns = new BitSet(width * height); // counted down the columns
        for (double[] polygon : polygons) {
            columns.or(OutlineColumns.of(polygon, width, height));
        }
        return ofColumns(columns, width, height);
    }

    /**
     * The pixels of runs of zeros and ones in turn, down the columns.
     *
     * @throws IllegalArgumentException if the runs do not cover the picture
     */
    static Pixels ofRuns(int[] runs, int width, int height) {
        BitSet columns = new BitSet(width * height);
        long position = 0;
        for (int i = 0; i < runs.length; i++) {
            long end = position + Math.max(0, runs[i]);
            if (i % 2 == 1 && end <= (long) width * height) {
                columns.set((int) position, (int) end);
            }
            position = end;
        }
        if (position != (long) width * height) {
            throw new IllegalArgumentException(
                    "its runs cover " + position + " of " + (long) width * height + " pixels");
        }
        return ofColumns(columns, width, height);
    }

    private static Pixels ofColumns(BitSet columns, int width, int height) {
        int left = width;
        int right = -1;
        int top = height;
        int bottom = -1;
        for (int at = columns.nextSetBit(0); at >= 0; at = columns.nextSetBit(at + 1)) {
            left = Math.min(left, at / height);
            right = Math.max(right, at / height);
            top = Math.min(top, at % height);
            bottom = Math.max(bottom, at % height);
        }
        if (right < 0) {
            return NONE;
        }
        LabelMap.Region region = new LabelMap.Region(left, top, right - left + 1, bottom - top + 1);
        BitSet inside = new BitSet();
        for (int at = columns.nextSetBit(0); at >= 0; at = columns.nextSetBit(at + 1)) {
            inside.set((at % height - top) * region.width() + at / height - left);
        }
        return of(region, inside);
    }

    /** The smallest box around the region. */
    Box box() {
        return new Box(region.x(), region.y(), region.width(), region.height());
    }

    /** As a mask of a picture. */
    CocoRle runs(int width, int height) {
        int[] labels = new int[width * height];
        inside.stream()
                .forEach(at ->
                        labels[(region.y() + at / region.width()) * width + region.x() + at % region.width()] = 1);
        return CocoRle.of(LabelMap.of(width, height, labels), 1, region);
    }

    /** How many pixels are in both. */
    int common(Pixels other) {
        if (area > other.area) {
            return other.common(this);
        }
        if (region.x() + region.width() <= other.region.x() || other.region.x() + other.region.width() <= region.x()) {
            return 0;
        }
        int top = Math.max(region.y(), other.region.y()) - region.y();
        int bottom = Math.min(region.y() + region.height(), other.region.y() + other.region.height()) - region.y();
        int common = 0;
        // By the pixels: the planes of a volume are stacked, so that a small object can have a region with many rows.
        for (int at = inside.nextSetBit(Math.max(0, top) * region.width());
                at >= 0 && at < bottom * region.width();
                at = inside.nextSetBit(at + 1)) {
            int x = region.x() + at % region.width() - other.region.x();
            int y = region.y() + at / region.width() - other.region.y();
            if (x >= 0 && x < other.region.width() && other.inside.get(y * other.region.width() + x)) {
                common++;
            }
        }
        return common;
    }

    /** The points at which an outline crosses the middles of pixel columns, and what is between them. */
    private static final class OutlineColumns {

        private static final int GRID = 5;

        private final int width;
        private final int height;
        private final List<Integer> crossings = new ArrayList<>();
        private int lastX;
        private int lastY;
        private boolean begun;

        private OutlineColumns(int width, int height) {
            this.width = width;
            this.height = height;
        }

        static BitSet of(double[] polygon, int width, int height) {
            OutlineColumns outline = new OutlineColumns(width, height);
            int corners = polygon.length / 2;
            for (int i = 0; i < corners; i++) {
                int next = (i + 1) % corners;
                outline.edge(
                        onGrid(polygon[2 * i]),
                        onGrid(polygon[2 * i + 1]),
                        onGrid(polygon[2 * next]),
                        onGrid(polygon[2 * next + 1]));
            }
            return outline.inside();
        }

        private static int onGrid(double value) {
            return (int) (GRID * value + 0.5);
        }

        /** The points of an edge on the grid, one for each step along its longer direction. */
        private void edge(int fromX, int fromY, int toX, int toY) {
            int dx = Math.abs(toX - fromX);
            int dy = Math.abs(toY - fromY);
            boolean flat = dx >= dy;
            // Points are computed from the end with the smaller coordinate, so that both directions of an edge have the
            // same.
            boolean turned = flat ? fromX > toX : fromY > toY;
            int startX = turned ? toX : fromX;
            int startY = turned ? toY : fromY;
            int endX = turned ? fromX : toX;
            int endY = turned ? fromY : toY;
            int steps = Math.max(dx, dy);
            double slope = steps == 0 ? 0 : flat ? (double) (endY - startY) / dx : (double) (endX - startX) / dy;
            for (int step = 0; step <= steps; step++) {
                int along = turned ? steps - step : step;
                if (flat) {
                    point(startX + along, (int) (startY + slope * along + 0.5));
                } else {
                    point((int) (startX + slope * along + 0.5), startY + along);
                }
            }
        }

        private void point(int x, int y) {
            if (begun && x != lastX) {
                crossing(x < lastX ? x : x - 1, Math.min(y, lastY));
            }
            begun = true;
            lastX = x;
            lastY = y;
        }

        private void crossing(int x, int y) {
            double column = (x + 0.5) / GRID - 0.5;
            if (Math.floor(column) != column || column < 0 || column > width - 1) {
                return;
            }
            double row = Math.ceil(Math.min(Math.max((y + 0.5) / GRID - 0.5, 0), height));
            crossings.add(((int) column) * height + (int) row);
        }

        private BitSet inside() {
            BitSet inside = new BitSet(width * height);
            List<Integer> sorted = crossings.stream().sorted().toList();
            for (int i = 0; i < sorted.size(); i += 2) {
                inside.set(sorted.get(i), i + 1 < sorted.size() ? sorted.get(i + 1) : width * height);
            }
            return inside;
        }
    }
}
