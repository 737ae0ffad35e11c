package dev.gnserve.instances;

import java.util.Arrays;

/**
 * A polygon around a point, by its distances along rays at equal angles, the first to the right, then downwards (Schmidt et al. 2018).
 * Its area and overlaps are those of a copy with whole coordinates, cut towards 0, as in StarDist's suppression. Immutable.
 */
final class StarPolygon {

    private final float x;
    private final float y;
    private final float[] distances;
    private final float score;
    private final int[] xs;
    private final int[] ys;
    private final float area;
    private final int left;
    private final int right;
    private final int top;
    private final int bottom;

    /**
     * A polygon in pixels of the network's input.
     *
     * @param distances in pixels, one for each ray; kept, not copied
     */
    StarPolygon(float x, float y, float[] distances, float score) {
        this.x = x;
        this.y = y;
        this.distances = distances;
        this.score = score;
        int rays = distances.length;
        xs = new int[rays];
        ys = new int[rays];
        float step = (float) (2 * Math.PI / rays);
        for (int i = 0; i < rays; i++) {
            xs[i] = (int) (x + distances[i] * (float) Math.cos(step * i));
            ys[i] = (int) (y + distances[i] * (float) Math.sin(step * i));
        }
        left = Arrays.stream(xs).min().orElseThrow();
        right = Arrays.stream(xs).max().orElseThrow();
        top = Arrays.stream(ys).min().orElseThrow();
        bottom = Arrays.stream(ys).max().orElseThrow();
        double twice = 0;
        for (int i = 0; i < rays; i++) {
            int next = i + 1 == rays ? 0 : i + 1;
            twice += (double) xs[i] * ys[next] - (double) ys[i] * xs[next];
        }
        area = (float) Math.abs(twice / 2);
    }

    float x() {
        return x;
    }

    float y() {
        return y;
    }

    float score() {
        return score;
    }

    /** The longest distance. */
    float radius() {
        float radius = 0;
        for (float distance : distances) {
            radius = Math.max(radius, distance);
        }
        return radius;
    }

    /** Whether more of the smaller one of two polygons than a fraction lies in the other. */
    boolean overlaps(StarPolygon other, float fraction) {
        long wide = (long) Math.min(right, other.right) - Math.max(left, other.left);
        long high = (long) Math.min(bottom, other.bottom) - Math.max(top, other.top);
        if (wide < 0 || high < 0) {
            return false;
        }
        double smaller = Math.min(area, other.area) + 1e-10;
        // The overlap lies in the overlap of the boxes; one pixel more on each side for rounding.
        return (wide + 2.0) * (high + 2.0) / smaller > fraction
                && PolygonOverlap.area(xs, ys, other.xs, other.ys) / smaller > fraction;
    }

    /**
     * Sets the pixels in the polygon or on its boundary, as scikit-image's {@code draw.polygon} finds them.
     *
     * @param number that the pixels get
     * @param scaleX pixels of the picture for one pixel of the input
     * @param ids [height, width]
     */
    void draw(int number, double scaleX, double scaleY, int[] ids, int width) {
        int rays = distances.length;
        double[] column = new double[rays];
        double[] row = new double[rays];
        double step = 2 * Math.PI / rays;
        for (int i = 0; i < rays; i++) {
            column[i] = corner(distances[i] * Math.cos(step * i), scaleX, x);
            row[i] = corner(distances[i] * Math.sin(step * i), scaleY, y);
        }
        int height = ids.length / width;
        int lastRow =
                (int) Math.min(height - 1, Math.ceil(Arrays.stream(row).max().orElseThrow()));
        int lastColumn =
                (int) Math.min(width - 1, Math.ceil(Arrays.stream(column).max().orElseThrow()));
        int firstColumn = (int) Math.max(0, Arrays.stream(column).min().orElseThrow());
        for (int v = (int) Math.max(0, Arrays.stream(row).min().orElseThrow()); v <= lastRow; v++) {
            for (int u = firstColumn; u <= lastColumn; u++) {
                if (isInside(u, v, column, row)) {
                    ids[v * width + u] = number;
                }
            }
        }
    }

    private static double corner(double distance, double scale, float centre) {
        return (float) ((float) ((float) distance * scale) + centre * scale);
    }

    /** By the crossings of a ray to the right and of one to the left, whose parities differ on an edge. */
    private static boolean isInside(int u, int v, double[] column, double[] row) {
        boolean oddRight = false;
        boolean oddLeft = false;
        int last = row.length - 1;
        double x1 = column[last] - u;
        double y1 = row[last] - v;
        for (int i = 0; i <= last; i++) {
            double x0 = column[i] - u;
            double y0 = row[i] - v;
            if (x0 == 0 && y0 == 0) {
                return true;
            }
            if (y0 > 0 != y1 > 0 && (x0 * y1 - x1 * y0) / (y1 - y0) > 0) {
                oddRight = !oddRight;
            }
            if (y0 < 0 != y1 < 0 && (x0 * y1 - x1 * y0) / (y1 - y0) < 0) {
                oddLeft = !oddLeft;
            }
            x1 = x0;
            y1 = y0;
        }
        return oddRight || oddLeft;
    }
}
