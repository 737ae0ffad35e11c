package dev.gnserve.instances;

import java.util.Arrays;

/**
 * The area that two polygons with whole coordinates share: half the sum over the pieces of each boundary that lie in the other polygon.
 * Crossings are rounded to whole coordinates, as Clipper's are. Not thread-safe.
 */
final class PolygonOverlap {

    /** The second polygon is moved by so little that the area stays and no vertex lies on an edge of the other. */
    private static final double APART_X = 1.0 / 1543;

    private static final double APART_Y = 1.0 / 2179;

    /** The edge of each polygon, the place on each (0 to 1), and the rounded point. */
    private record Crossing(int first, int second, double onFirst, double onSecond, double x, double y) {}

    private final double[] ax;
    private final double[] ay;
    private final double[] bx;
    private final double[] by;
    private Crossing[] crossings = new Crossing[16];
    private int count;

    /** Polygons relative to the same origin, without a repeated last vertex. */
    private PolygonOverlap(int[] firstX, int[] firstY, int[] secondX, int[] secondY) {
        ax = moved(firstX, firstX[0], 0);
        ay = moved(firstY, firstY[0], 0);
        bx = moved(secondX, firstX[0], APART_X);
        by = moved(secondY, firstY[0], APART_Y);
    }

    private static double[] moved(int[] positions, int origin, double apart) {
        double[] moved = new double[positions.length + 1];
        for (int i = 0; i <= positions.length; i++) {
            moved[i] = (double) positions[i % positions.length] - origin + apart;
        }
        return moved;
    }

    static double area(int[] firstX, int[] firstY, int[] secondX, int[] secondY) {
        PolygonOverlap overlap = new PolygonOverlap(firstX, firstY, secondX, secondY);
        overlap.cross();
        Crossing[] found = Arrays.copyOf(overlap.crossings, overlap.count);
        Arrays.sort(
                found,
                (one, another) -> one.first() != another.first()
                        ? Integer.compare(one.first(), another.first())
                        : Double.compare(one.onFirst(), another.onFirst()));
        boolean inside = contains(overlap.bx, overlap.by, overlap.ax[0], overlap.ay[0]);
        double twice = pieces(overlap.ax, overlap.ay, found, true, inside);
        Arrays.sort(
                found,
                (one, another) -> one.second() != another.second()
                        ? Integer.compare(one.second(), another.second())
                        : Double.compare(one.onSecond(), another.onSecond()));
        inside = contains(overlap.ax, overlap.ay, overlap.bx[0], overlap.by[0]);
        twice += pieces(overlap.bx, overlap.by, found, false, inside);
        return Math.abs(twice / 2);
    }

    /** Finds where the boundaries cross. */
    private void cross() {
        double left = Arrays.stream(bx).min().orElseThrow();
        double right = Arrays.stream(bx).max().orElseThrow();
        double top = Arrays.stream(by).min().orElseThrow();
        double bottom = Arrays.stream(by).max().orElseThrow();
        for (int i = 0; i + 1 < ax.length; i++) {
            double x = ax[i];
            double y = ay[i];
            double dx = ax[i + 1] - x;
            double dy = ay[i + 1] - y;
            boolean apart = Math.max(x, x + dx) < left
                    || Math.min(x, x + dx) > right
                    || Math.max(y, y + dy) < top
                    || Math.min(y, y + dy) > bottom;
            if (apart) {
                continue;
            }
            double side = dx * (by[0] - y) - dy * (bx[0] - x);
            for (int j = 0; j + 1 < bx.length; j++) {
                double next = dx * (by[j + 1] - y) - dy * (bx[j + 1] - x);
                if (side > 0 != next > 0) {
                    double ex = bx[j + 1] - bx[j];
                    double ey = by[j + 1] - by[j];
                    double from = ex * (y - by[j]) - ey * (x - bx[j]);
                    double to = ex * (y + dy - by[j]) - ey * (x + dx - bx[j]);
                    if (from > 0 != to > 0) {
                        double place = from / (from - to);
                        add(new Crossing(
                                i,
                                j,
                                place,
                                side / (side - next),
                                Math.rint(x + place * dx),
                                Math.rint(y + place * dy)));
                    }
                }
                side = next;
            }
        }
    }

    private void add(Crossing crossing) {
        if (count == crossings.length) {
            crossings = Arrays.copyOf(crossings, 2 * count);
        }
        crossings[count++] = crossing;
    }

    /** Twice the area that the pieces of a boundary contribute: it enters or leaves the other polygon at each crossing. */
    private static double pieces(double[] xs, double[] ys, Crossing[] found, boolean first, boolean startsInside) {
        boolean inside = startsInside;
        double twice = 0;
        int next = 0;
        for (int i = 0; i + 1 < xs.length; i++) {
            double x = Math.rint(xs[i]);
            double y = Math.rint(ys[i]);
            while (next < found.length && (first ? found[next].first() : found[next].second()) == i) {
                Crossing crossing = found[next++];
                twice += inside ? x * crossing.y() - y * crossing.x() : 0;
                inside = !inside;
                x = crossing.x();
                y = crossing.y();
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
