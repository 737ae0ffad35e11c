package dev.gnserve.instances;

import java.util.Arrays;

/** A separable filter of one plane, row by row, in float32. Thread-safe. */
final class Filter {

    private final float[] vertical;
    private final float[] horizontal;
    private final boolean reflects;

    /**
     * A filter with kernels of odd length.
     *
     * @param reflects whether the plane is mirrored beyond its border, without repeating the border; else it is 0 there
     */
    private Filter(float[] vertical, float[] horizontal, boolean reflects) {
        this.vertical = vertical;
        this.horizontal = horizontal;
        this.reflects = reflects;
    }

    /** The derivative along x by the Sobel operator of an odd size from 3 on; the weights are those of MONAI's SobelGradients. */
    static Filter sobelX(int size) {
        return new Filter(smooth(size), difference(size), true);
    }

    /** The derivative along y. */
    static Filter sobelY(int size) {
        return new Filter(difference(size), smooth(size), true);
    }

    /** A Gaussian of standard deviation 1, the integral over each pixel, cut at 4 pixels; 0 beyond the border. */
    static Filter gaussian() {
        // The normal distribution over each pixel, as MONAI's gaussian_1d computes it in float32; not normalized.
        float[] half = {0.3829249f, 0.24173033f, 0.06059754f, 0.0059770346f, 2.2923946e-4f};
        float[] kernel = new float[2 * half.length - 1];
        for (int i = 0; i < half.length; i++) {
            kernel[half.length - 1 - i] = half[i];
            kernel[half.length - 1 + i] = half[i];
        }
        return new Filter(kernel, kernel, false);
    }

    private static float[] smooth(int size) {
        return expanded(new float[] {0.25f, 0.5f, 0.25f}, size);
    }

    private static float[] difference(int size) {
        return expanded(new float[] {-0.5f, 0, 0.5f}, size);
    }

    private static float[] expanded(float[] kernel, int size) {
        float[] longer = kernel;
        while (longer.length < size) {
            float[] next = new float[longer.length + 2];
            for (int i = 0; i < longer.length; i++) {
                next[i] += longer[i] / 4;
                next[i + 1] += longer[i] / 2;
                next[i + 2] += longer[i] / 4;
            }
            longer = next;
        }
        return longer;
    }

    /** Computes row {@code y} of the filtered plane [height, width]; {@code scratch} has the size of a row. */
    void row(float[] plane, int width, int y, float[] scratch, float[] into) {
        int height = plane.length / width;
        int reach = vertical.length / 2;
        Arrays.fill(scratch, 0);
        for (int k = 0; k < vertical.length; k++) {
            int row = place(y + k - reach, height);
            float weight = vertical[k];
            if (row < 0 || weight == 0) {
                continue;
            }
            int from = row * width;
            for (int x = 0; x < width; x++) {
                scratch[x] += weight * plane[from + x];
            }
        }
        int side = horizontal.length / 2;
        for (int x = 0; x < width; x++) {
            float sum = 0;
            if (x >= side && x < width - side) {
                for (int k = 0, at = x - side; k < horizontal.length; k++, at++) {
                    sum += horizontal[k] * scratch[at];
                }
            } else {
                for (int k = 0; k < horizontal.length; k++) {
                    int at = place(x + k - side, width);
                    sum += at < 0 ? 0 : horizontal[k] * scratch[at];
                }
            }
            into[x] = sum;
        }
    }

    /** -1 where the plane is 0. */
    private int place(int position, int size) {
        if (position >= 0 && position < size) {
            return position;
        }
        if (!reflects) {
            return -1;
        }
        if (size == 1) {
            return 0;
        }
        int within = Math.floorMod(position, 2 * size - 2);
        return within < size ? within : 2 * size - 2 - within;
    }
}
