package dev.gnserve.instances;

import java.util.Arrays;

/**
 * The area that a polygon with whole coordinates shares with others: half the sum over the pieces of each boundary that lie in the other
 * polygon. Crossings are rounded to whole coordinates, as Clipper's are. Not thread-safe.
 */
final class PolygonOverlap {

    /** The second polygon is moved by so little that the area stays and no vertex lies on an edge of the other. */
    private static final double APART_X = 1.0 / 1543;

    private static final double APART_Y = 1.0 / 2179;

    private final double originX;
    private final double originY;

    /** Both polygons relative to the origin, with a repeated last vertex. */
    private final double[] ax;

    private final double[] ay;
    private double[] bx = new double[0];
    private double[] by = new double[0];

    /** Bands of rows that a polygon is divided into, at most: its coordinates come from a network and have no bound. */
    private static final int MOST_BANDS = 1024;

    /** The edges of the first polygon by the bands that they touch, from the top on; those of band b are from {@code bands[b]} on. */
    private final int top;

    /** A band has 2 to the power of this rows. */
    private final int shift;

    private final int[] bands;
    private final int[] edges;
    private final int[] firstBand;

    // Crossings: the edge of each polygon, the place on each (0 to 1), and the rounded point.
    private int count;
    private int[] onFirst = new int[16];
    private int[] onSecond = new int[16];
    private double[] firstPlace = new double[16];
    private double[] secondPlace = new double[16];
    private double[] crossingX = new double[16];
    private double[] crossingY = new double[16];
    private int[] order = new int[16];

    /** The first polygon, without a repeated last vertex. */
    PolygonOverlap(int[] xs, int[] ys) {
        originX = xs[0];
        originY = ys[0];
        ax = moved(xs, originX, 0, new double[xs.length + 1]);
        ay = moved(ys, originY, 0, new double[ys.length + 1]);
        top = Arrays.stream(ys).min().orElseThrow();
        long height = (long) Arrays.stream(ys).max().orElseThrow() - top;
        shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(height / MOST_BANDS));
        bands = new int[(int) (height >> shift) + 2];
        firstBand = new int[ys.length];
        int[] lastBand = new int[ys.length];
        for (int edge = 0; edge < ys.length; edge++) {
            int end = ys[edge + 1 == ys.length ? 0 : edge + 1];
            firstBand[edge] = band(Math.min(ys[edge], end));
            lastBand[edge] = band(Math.max(ys[edge], end));
            for (int band = firstBand[edge]; band <= lastBand[edge]; band++) {
                bands[band + 1]++;
            }
        }
        for (int band = 1; band < bands.length; band++) {
            bands[band] += bands[band - 1];
        }
        edges = new int[bands[bands.length - 1]];
        int[] next = bands.clone();
        for (int edge = 0; edge < ys.length; edge++) {
            for (int band = firstBand[edge]; band <= lastBand[edge]; band++) {
                edges[next[band]++] = edge;
            }
        }
    }

    /** The band of a row; -1 for rows above the first one, and the number of bands for those below the last one. */
    private int band(int y) {
        return (int) Math.max(-1, Math.min(bands.length - 1, ((long) y - top) >> shift));
    }

    private static double[] moved(int[] positions, double origin, double apart, double[] moved) {
        for (int i = 0; i < positions.length; i++) {
            moved[i] = positions[i] - origin + apart;
        }
        moved[positions.length] = moved[0];
        return moved;
    }

    /** The area shared with another polygon, without a repeated last vertex. */
    double area(int[] xs, int[] ys) {
        if (bx.length != xs.length + 1) {
            bx = new double[xs.length + 1];
            by = new double[xs.length + 1];
        }
        moved(xs, originX, APART_X, bx);
        moved(ys, originY, APART_Y, by);
        cross(ys);
        sort(onFirst, firstPlace);
        double twice = pieces(ax, ay, onFirst, contains(bx, by, ax[0], ay[0]));
        sort(onSecond, secondPlace);
        twice += pieces(bx, by, onSecond, contains(ax, ay, bx[0], by[0]));
        return Math.abs(twice / 2);
    }

    /** Finds where the boundaries cross: an edge of the second polygon can cross those of the first that touch one of its bands. */
    private void cross(int[] ys) {
        count = 0;
        for (int j = 0; j < ys.length; j++) {
            int end = ys[j + 1 == ys.length ? 0 : j + 1];
            int first = Math.max(0, band(Math.min(ys[j], end)));
            int last = Math.min(bands.length - 2, band(Math.max(ys[j], end)));
            for (int band = first; band <= last; band++) {
                for (int at = bands[band]; at < bands[band + 1]; at++) {
                    int i = edges[at];
                    if (band == Math.max(first, firstBand[i])) { // Once, though both touch several bands.
                        cross(i, j);
                    }
                }
            }
        }
    }

    private void cross(int i, int j) {
        double x = ax[i];
        double y = ay[i];
        double dx = ax[i + 1] - x;
        double dy = ay[i + 1] - y;
        double side = dx * (by[j] - y) - dy * (bx[j] - x);
        double next = dx * (by[j + 1] - y) - dy * (bx[j + 1] - x);
        if (side > 0 == next > 0) {
            return;
        }
        double ex = bx[j + 1] - bx[j];
        double ey = by[j + 1] - by[j];
        double from = ex * (y - by[j]) - ey * (x - bx[j]);
        double to = ex * (y + dy - by[j]) - ey * (x + dx - bx[j]);
        if (from > 0 == to > 0) {
            return;
        }
        if (count == order.length) {
            grow();
        }
        double place = from / (from - to);
        onFirst[count] = i;
        onSecond[count] = j;
        firstPlace[count] = place;
        secondPlace[count] = side / (side - next);
        crossingX[count] = Math.rint(x + place * dx);
        crossingY[count] = Math.rint(y + place * dy);
        count++;
    }

    private void grow() {
        onFirst = Arrays.copyOf(onFirst, 2 * count);
        onSecond = Arrays.copyOf(onSecond, 2 * count);
        firstPlace = Arrays.copyOf(firstPlace, 2 * count);
        secondPlace = Arrays.copyOf(secondPlace, 2 * count);
        crossingX = Arrays.copyOf(crossingX, 2 * count);
        crossingY = Arrays.copyOf(crossingY, 2 * count);
        order = Arrays.copyOf(order, 2 * count);
    }

    /** Sorts the crossings along a boundary by insertion: there are few. */
    private void sort(int[] edge, double[] place) {
        for (int i = 0; i < count; i++) {
            int at = i;
            while (at > 0
                    && (edge[order[at - 1]] > edge[i]
                            || (edge[order[at - 1]] == edge[i] && place[order[at - 1]] > place[i]))) {
                order[at] = order[at - 1];
                at--;
            }
            order[at] = i;
        }
    }

    /** Twice the area that the pieces of a boundary contribute: it enters or leaves the other polygon at each crossing. */
    private double pieces(double[] xs, double[] ys, int[] edge, boolean startsInside) {
        boolean inside = startsInside;
        double twice = 0;
        int next = 0;
        for (int i = 0; i + 1 < xs.length; i++) {
            double x = Math.rint(xs[i]);
            double y = Math.rint(ys[i]);
            for (; next < count && edge[order[next]] == i; next++) {
                double toX = crossingX[order[next]];
                double toY = crossingY[order[next]];
                twice += inside ? x * toY - y * toX : 0;
                inside = !inside;
                x = toX;
                y = toY;
            }
            twice += inside ? x * Math.rint(ys[i + 1]) - y * Math.rint(xs[i + 1]) : 0;
        }
        return twice;
    }

    /** Whether the boundary winds around a point. */
    private static boolean contains(double[] xs, double[] ys, double x, double y) {
        int winding = 0;
        for (int i = 0; i + 1 < xs.length; i++) {
            boolean down = ys[i + 1] > y;
            if (ys[i] > y != down) {
                double side = (xs[i + 1] - xs[i]) * (y - ys[i]) - (ys[i + 1] - ys[i]) * (x - xs[i]);
                if (side > 0 == down && side != 0) {
                    winding += down ? 1 : -1;
                }
            }
        }
        return winding != 0;
    }
}
