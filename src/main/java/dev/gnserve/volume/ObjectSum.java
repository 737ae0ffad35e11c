package dev.gnserve.volume;

import dev.gnserve.volume.LabelVoxels.Found;
import java.util.Arrays;

/** Adds up the runs of one object. Not thread-safe. */
final class ObjectSum {

    private final int[] from = {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE};
    private final int[] to = new int[3];
    private final double[] places = new double[3];
    private long voxels;
    private double probability;

    /** @param sum of the probabilities of the voxels */
    void add(int a, int b, int c, int length, double sum) {
        extend(0, a, a + 1);
        extend(1, b, b + 1);
        extend(2, c, c + length);
        places[0] += (double) a * length;
        places[1] += (double) b * length;
        places[2] += (c + (length - 1) / 2.0) * length;
        voxels += length;
        probability += sum;
    }

    private void extend(int axis, int least, int behind) {
        from[axis] = Math.min(from[axis], least);
        to[axis] = Math.max(to[axis], behind);
    }

    long voxels() {
        return voxels;
    }

    Found found() {
        double[] centre = Arrays.stream(places).map(sum -> sum / voxels).toArray();
        return new Found(voxels, probability / voxels, from, to, centre);
    }
}
