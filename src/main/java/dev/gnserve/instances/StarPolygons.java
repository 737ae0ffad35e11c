package dev.gnserve.instances;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Chooses among the polygons of all pixels those that are objects: from the best score on, each kept polygon drops those that it overlaps
 * by more than a fraction of the smaller one's area. As StarDist's {@code non_maximum_suppression} (Schmidt et al. 2018).
 */
final class StarPolygons {

    /** Polygons of this size may have any radius. */
    private static final int LARGEST = 29;

    private final List<StarPolygon> polygons;

    /** For each size, the polygons by the place of their centres. */
    private final Map<Integer, Map<Long, List<Integer>>> sizes = new HashMap<>();

    /** @param candidates in any order; of equal scores, the last in reading order of the centres comes first */
    StarPolygons(List<StarPolygon> candidates) {
        polygons = new ArrayList<>(candidates);
        polygons.sort(StarPolygons::compare);
        for (int i = 0; i < polygons.size(); i++) {
            StarPolygon polygon = polygons.get(i);
            int size = size(polygon.radius());
            sizes.computeIfAbsent(size, any -> new HashMap<>())
                    .computeIfAbsent(
                            cell(column(polygon.x(), size), column(polygon.y(), size)), any -> new ArrayList<>())
                    .add(i);
        }
    }

    private static int compare(StarPolygon one, StarPolygon other) {
        int byScore = Float.compare(other.score(), one.score());
        int byRow = byScore != 0 ? byScore : Float.compare(other.y(), one.y());
        return byRow != 0 ? byRow : Float.compare(other.x(), one.x());
    }

    /** The objects, best first. */
    List<StarPolygon> objects(float fraction) {
        boolean[] dropped = new boolean[polygons.size()];
        List<StarPolygon> kept = new ArrayList<>();
        for (int i = 0; i < dropped.length; i++) {
            if (!dropped[i]) {
                kept.add(polygons.get(i));
                drop(i, fraction, dropped);
            }
        }
        return kept;
    }

    private void drop(int best, float fraction, boolean[] dropped) {
        StarPolygon polygon = polygons.get(best);
        PolygonOverlap outline = polygon.outline();
        sizes.forEach((size, cells) -> {
            float reach = size == LARGEST ? Float.POSITIVE_INFINITY : polygon.radius() + (1 << size);
            int left = column(polygon.x() - reach, size);
            int right = column(polygon.x() + reach, size);
            int top = column(polygon.y() - reach, size);
            int bottom = column(polygon.y() + reach, size);
            if (((double) right - left + 1) * ((double) bottom - top + 1) > cells.size()) {
                cells.values().forEach(cell -> drop(cell, best, outline, fraction, dropped));
                return;
            }
            for (int row = top; row <= bottom; row++) {
                for (int at = left; at <= right; at++) {
                    List<Integer> cell = cells.get(cell(at, row));
                    if (cell != null) {
                        drop(cell, best, outline, fraction, dropped);
                    }
                }
            }
        });
    }

    private void drop(List<Integer> cell, int best, PolygonOverlap outline, float fraction, boolean[] dropped) {
        StarPolygon polygon = polygons.get(best);
        cell.removeIf(other -> dropped[other]);
        for (int other : cell) {
            dropped[other] = other > best && polygon.overlaps(outline, polygons.get(other), fraction);
        }
    }

    /** The least power of two that a radius does not exceed, as its exponent. */
    private static int size(float radius) {
        return Math.min(LARGEST, Math.max(0, Math.getExponent(radius) + 1));
    }

    /** Cells are as wide as the largest polygon of the size. */
    private static int column(float position, int size) {
        return (int) Math.floor(position / (2 << size));
    }

    private static long cell(int column, int row) {
        return (long) row << 32 | (column & 0xFFFFFFFFL);
    }
}
