package dev.gnserve.instances;

import java.util.Arrays;

/**
 * A polygon around a point, by its distances along rays at equal angles, the first to the right, then downwards (Schmidt et al. 2018).
 * Its area and overlaps are those of a copy with whole coordinates, cut towards 0, as in StarDist's suppression. The copy is made when it
 * is needed: there may be a polygon for every fourth pixel. Immutable.
 */
final class StarPolygon {

    private final float x;
    private final float y;
    private final Rays rays;
    private final float[] distances;
    private final float score;
    private final float area;
    private final int left;
    private final int right;
    private final int top;
    private final int bottom;

    /** The directions of rays at equal angles, which all polygons of a network share. Immutable. */
    static final class Rays {

        private final float[] cosines;
        private final float[] sines;
        private final double[] exactCosines;
        private final double[] exactSines;

        Rays(int count) {
            cosines = new float[count];
            sines = new float[count];
            exactCosines = new double[count];
            exactSines = new double[count];
            double step = 2 * Math.PI / count;
            for (int i = 0; i < count; i++) {
                // StarDist's suppression computes angles in single precision.
                cosines[i] = (float) Math.cos((float) step * i);
                sines[i] = (float) Math.sin((float) step * i);
                exactCosines[i] = Math.cos(step * i);
                exactSines[i] = Math.sin(step * i);
            }
        }

        int count() {
            return cosines.length;
        }
    }

    /**
     * A polygon in pixels of the network's input.
     *
     * @param distances in pixels, one for each ray; kept, not copied
     */
    StarPolygon(float x, float y, Rays rays, float[] distances, float score) {
        this.x = x;
        this.y = y;
        this.rays = rays;
        this.distances = distances;
        this.score = score;
        int count = distances.length;
        int[] xs = corners(x, distances, rays.cosines);
        int[] ys = corners(y, distances, rays.sines);
        int mostLeft = Integer.MAX_VALUE;
        int mostRight = Integer.MIN_VALUE;
        int highest = Integer.MAX_VALUE;
        int lowest = Integer.MIN_VALUE;
        for (int i = 0; i < count; i++) {
            mostLeft = Math.min(mostLeft, xs[i]);
            mostRight = Math.max(mostRight, xs[i]);
            highest = Math.min(highest, ys[i]);
            lowest = Math.max(lowest, ys[i]);
        }
        left = mostLeft;
        right = mostRight;
        top = highest;
        bottom = lowest;
        double twice = 0;
        for (int i = 0; i < count; i++) {
            int next = i + 1 == count ? 0 : i + 1;
            twice += (double) xs[i] * ys[next] - (double) ys[i] * xs[next];
        }
        area = (float) Math.abs(twice / 2);
    }

    private int[] xs() {
        return corners(x, distances, rays.cosines);
    }

    private int[] ys() {
        return corners(y, distances, rays.sines);
    }

    private static int[] corners(float centre, float[] distances, float[] directions) {
        int[] corners = new int[distances.length];
        for (int i = 0; i < corners.length; i++) {
            corners[i] = (int) (centre + distances[i] * directions[i]);
        }
        return corners;
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

    /** This polygon with whole coordinates, to be compared with others. */
    PolygonOverlap outline() {
        return new PolygonOverlap(xs(), ys());
    }

    /**
     * Whether more of the smaller one of two polygons than a fraction lies in the other.
     *
     * @param outline of this polygon
     */
    boolean overlaps(PolygonOverlap outline, StarPolygon other, float fraction) {
        long wide = (long) Math.min(right, other.right) - Math.max(left, other.left);
        long high = (long) Math.min(bottom, other.bottom) - Math.max(top, other.top);
        if (wide < 0 || high < 0) {
            return false;
        }
        double smaller = Math.min(area, other.area) + 1e-10;
        // The overlap lies in the overlap of the boxes; one pixel more on each side for rounding.
        return (wide + 2.0) * (high + 2.0) / smaller > fraction
                && outline.area(other.xs(), other.ys()) / smaller > fraction;
    }

    /**
     * Sets the pixels in the polygon or on its boundary, as scikit-image's {@code draw.polygon} finds them.
     *
     * @param number that the pixels get
     * @param scaleX pixels of the picture for one pixel of the input
     * @param ids [height, width]
     */
    void draw(int number, double scaleX, double scaleY, int[] ids, int width) {
        int count = distances.length;
        double[] column = new double[count];
        double[] row = new double[count];
        for (int i = 0; i < count; i++) {
            column[i] = corner(distances[i] * rays.exactCosines[i], scaleX, x);
            row[i] = corner(distances[i] * rays.exactSines[i], scaleY, y);
        }
        int height = ids.length / width;
        int lastRow =
                (int) Math.min(height - 1, Math.ceil(Arrays.stream(row).max().orElseThrow()));
        int lastColumn =
                (int) Math.min(width - 1, Math.ceil(Arrays.stream(column).max().orElseThrow()));
        int firstColumn = (int) Math.max(0, Arrays.stream(column).min().orElseThrow());
        int[] reaching = new int[count];
        for (int v = (int) Math.max(0, Arrays.stream(row).min().orElseThrow()); v <= lastRow; v++) {
            int edges = reaching(v, row, reaching);
            for (int u = firstColumn; u <= lastColumn; u++) {
                if (isInside(u, v, column, row, reaching, edges)) {
                    ids[v * width + u] = number;
                }
            }
        }
    }

    /** Finds the edges that reach a row, each by its last vertex; returns their number. */
    private static int reaching(int v, double[] row, int[] edges) {
        int count = 0;
        for (int i = 0, last = row.length - 1; i < row.length; last = i++) {
            if (Math.min(row[i], row[last]) <= v && Math.max(row[i], row[last]) >= v) {
                edges[count++] = i;
            }
        }
        return count;
    }

    /** Coordinates are those of pixels' centres, which lie half a pixel behind their edge in the input and in the picture. */
    private static double corner(double distance, double scale, float centre) {
        return (float) ((float) ((float) distance * scale) + centre * scale) + (scale - 1) / 2;
    }

    /** By the crossings of a ray to the right and of one to the left, whose parities differ on an edge. */
    private static boolean isInside(int u, int v, double[] column, double[] row, int[] edges, int count) {
        boolean oddRight = false;
        boolean oddLeft = false;
        for (int k = 0; k < count; k++) {
            int i = edges[k];
            int last = i == 0 ? row.length - 1 : i - 1;
            double x1 = column[last] - u;
            double y1 = row[last] - v;
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
        }
        return oddRight || oddLeft;
    }
}
