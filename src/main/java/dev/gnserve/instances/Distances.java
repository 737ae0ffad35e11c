package dev.gnserve.instances;

import org.jspecify.annotations.Nullable;

/**
 * The Euclidean distance of each voxel to the nearest one on a boundary, axis by axis (Felzenszwalb and Huttenlocher 2012). The same as
 * SciPy's {@code distance_transform_edt} in single precision.
 */
final class Distances {

    private final double[] squares;
    private final int[] sites;
    private final double[] until;
    private final double pitch;

    private Distances(int size, double pitch) {
        this.squares = new double[size];
        this.sites = new int[size];
        this.until = new double[size];
        this.pitch = pitch;
    }

    /**
     * The distances.
     *
     * @param boundary probabilities, float32 [planes, rows, columns]
     * @param threshold a voxel is on a boundary if its probability is above this
     * @param sizes planes, rows and columns
     * @param pitch sides of a voxel
     * @return null if no voxel is on a boundary
     */
    static float @Nullable [] to(float[] boundary, float threshold, int[] sizes, double[] pitch) {
        float[] distances = new float[boundary.length];
        boolean any = false;
        for (int i = 0; i < distances.length; i++) {
            boolean on = boundary[i] > threshold;
            any |= on;
            distances[i] = on ? 0 : Float.POSITIVE_INFINITY;
        }
        if (!any) {
            return null;
        }
        for (int axis = 0; axis < 3; axis++) {
            Distances along = new Distances(sizes[axis], pitch[axis]);
            Lines.each(sizes, axis, (start, step) -> along.line(distances, start, step));
        }
        for (int i = 0; i < distances.length; i++) {
            distances[i] = (float) Math.sqrt(distances[i]);
        }
        return distances;
    }

    /** The lower envelope of the parabolas over the voxels of a line that have a distance. */
    private void line(float[] values, int start, int step) {
        int count = 0;
        for (int i = 0; i < squares.length; i++) {
            squares[i] = values[start + i * step];
            if (squares[i] == Double.POSITIVE_INFINITY) {
                continue;
            }
            while (count > 0 && crossing(sites[count - 1], i) <= (count > 1 ? until[count - 2] : -1)) {
                count--;
            }
            if (count > 0) {
                until[count - 1] = crossing(sites[count - 1], i);
            }
            sites[count++] = i;
        }
        int site = 0;
        for (int i = 0; count > 0 && i < squares.length; i++) {
            while (site < count - 1 && until[site] < i) {
                site++;
            }
            double away = pitch * (i - sites[site]);
            values[start + i * step] = (float) (away * away + squares[sites[site]]);
        }
    }

    /** The place, in voxels, from which on the later parabola is lower. */
    private double crossing(int one, int later) {
        double square = pitch * pitch;
        return ((squares[later] - squares[one]) / square + (double) later * later - (double) one * one)
                / (2.0 * (later - one));
    }
}
