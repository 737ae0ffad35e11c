package dev.gnserve.instances;

import dev.gnserve.image.Cancellation;

/**
 * A Gaussian over a volume: weights up to three deviations, that sum to 1; values beyond a border are mirrored without the border itself.
 * So vigra and SciPy (mode mirror) smooth. In double precision along a line, in single precision between the axes.
 */
final class Smoothing {

    /** Weights from the centre outwards. */
    private final double[] weights;

    /** A line with the mirrored values on both sides. */
    private final double[] line;

    private Smoothing(double[] weights, int size) {
        this.weights = weights;
        this.line = new double[size + 2 * (weights.length - 1)];
    }

    /**
     * Smooths in place.
     *
     * @param values float32 [planes, rows, columns]
     * @param sizes planes, rows and columns
     * @param sigma deviation in voxels; 0 changes nothing
     */
    static void gaussian(float[] values, int[] sizes, float sigma, Cancellation cancellation) {
        if (sigma == 0) {
            return;
        }
        double[] weights = weights(sigma);
        for (int axis = 0; axis < 3; axis++) {
            cancellation.throwIfCancelled();
            Smoothing along = new Smoothing(weights, sizes[axis]);
            Lines.each(sizes, axis, (start, step) -> along.line(values, start, step));
        }
    }

    private static double[] weights(double sigma) {
        double[] weights = new double[(int) Math.ceil(3 * sigma) + 1];
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp(-0.5 * i * i / (sigma * sigma));
            sum += i == 0 ? weights[i] : 2 * weights[i];
        }
        for (int i = 0; i < weights.length; i++) {
            weights[i] /= sum;
        }
        return weights;
    }

    private void line(float[] values, int start, int step) {
        int reach = weights.length - 1;
        int size = line.length - 2 * reach;
        for (int i = 0; i < size; i++) {
            line[reach + i] = values[start + i * step];
        }
        for (int beyond = 1; beyond <= reach; beyond++) {
            line[reach - beyond] = line[reach + mirrored(-beyond, size)];
            line[reach + size - 1 + beyond] = line[reach + mirrored(size - 1 + beyond, size)];
        }
        for (int i = 0; i < size; i++) {
            double sum = line[reach + i] * weights[0];
            for (int away = reach; away > 0; away--) {
                sum += (line[reach + i - away] + line[reach + i + away]) * weights[away];
            }
            values[start + i * step] = (float) sum;
        }
    }

    private static int mirrored(int place, int size) {
        if (size == 1) {
            return 0;
        }
        int within = Math.floorMod(place, 2 * size - 2);
        return within < size ? within : 2 * size - 2 - within;
    }
}
