package dev.gnserve.model;

import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.ArrayList;
import java.util.List;

/**
 * One level of a detection head.
 *
 * @param height its rows of locations
 * @param width its columns of locations
 * @param strideX distance of two locations in input pixels
 * @param strideY likewise, from top to bottom
 * @param step stride of the level in the network, of which torchvision's strides differ where sides are no multiples of it
 * @param first number of its first row, where all levels are together
 */
record HeadGrid(int height, int width, int strideX, int strideY, int step, int first) {

    /** Above this logit rounding moves the sigmoid by more than {@link #MARGIN} of the logit. */
    private static final double MOST_CUT = 8;

    private static final double MARGIN = 0.01;

    /** Locations that are sorted together: their values stay in the processor's cache. */
    private static final int BLOCK = 16;

    /** Strides are found up to this one. */
    private static final int LARGEST_STRIDE = 1 << 12;

    /** Strides of the levels P3 to P7 (Lin et al. 2017, section 4). */
    private static final List<Integer> USUAL = List.of(8, 16, 32, 64, 128);

    /**
     * The levels of a head.
     *
     * @param strides of the manifest; empty where the sizes show them
     * @param divided whether a stride is the input's side divided by the level's and rounded down, as in torchvision; else it is the
     *     power of two for which the side, divided by it and rounded up, is the level's
     * @param anchors of a location
     * @throws FailureException ENGINE_FAULT if strides and sizes do not match
     */
    static List<HeadGrid> of(
            HeadLevels levels, List<Integer> strides, boolean divided, int anchors, int width, int height) {
        List<HeadGrid> grids = new ArrayList<>();
        if (levels.isRows()) {
            int rows = levels.classes().get(0).shape().size(0);
            int first = 0;
            for (int stride : strides.isEmpty() ? USUAL : strides) {
                int gridWidth = (width + stride - 1) / stride;
                int gridHeight = (height + stride - 1) / stride;
                grids.add(new HeadGrid(
                        gridHeight,
                        gridWidth,
                        divided ? width / gridWidth : stride,
                        divided ? height / gridHeight : stride,
                        stride,
                        first));
                first += gridWidth * gridHeight * anchors;
            }
            if (first != rows) {
                throw fault(
                        ("The model returned %d rows for an input of %d x %d, but levels with the strides %s and %d anchors"
                                        + " a location have %d. Set output.strides and output.anchors as the network was trained.")
                                .formatted(rows, width, height, strides.isEmpty() ? USUAL : strides, anchors, first));
            }
            return grids;
        }
        if (!strides.isEmpty() && strides.size() != levels.classes().size()) {
            throw fault("The model returned " + levels.classes().size() + " levels, but output.strides are " + strides);
        }
        int step = 0;
        for (int level = 0; level < levels.classes().size(); level++) {
            Tensor map = levels.classes().get(level);
            int gridHeight = map.shape().size(1);
            int gridWidth = map.shape().size(2);
            if (!strides.isEmpty()) {
                step = strides.get(level);
                if (!covers(step, gridWidth, width) || !covers(step, gridHeight, height)) {
                    throw fault("output.strides has %d for a level of %d x %d, but the input has %d x %d pixels."
                            .formatted(step, gridWidth, gridHeight, width, height));
                }
            } else {
                step = powerOfTwo(2 * step, gridWidth, gridHeight, width, height);
                if (step == 0 && !divided) {
                    throw fault(
                            "The model returned a level of %d x %d for an input of %d x %d: no stride that is a power of two gives it. Set output.strides."
                                    .formatted(gridWidth, gridHeight, width, height));
                }
            }
            grids.add(new HeadGrid(
                    gridHeight,
                    gridWidth,
                    divided ? width / gridWidth : step,
                    divided ? height / gridHeight : step,
                    step,
                    0));
        }
        return grids;
    }

    private static boolean covers(int stride, int grid, int side) {
        return (side + stride - 1) / stride == grid;
    }

    /**
     * The least power of two that gives a level of this size; 0 if there is none. Small inputs have several levels of one location, with
     * different strides: so where it can be, it is not below the least one of this level, twice that of the level before.
     */
    private static int powerOfTwo(int least, int gridWidth, int gridHeight, int width, int height) {
        int found = 0;
        for (int stride = 1; stride <= LARGEST_STRIDE && (found == 0 || found < least); stride *= 2) {
            if (covers(stride, gridWidth, width) && covers(stride, gridHeight, height)) {
                found = stride;
            }
        }
        return found;
    }

    int locations() {
        return height * width;
    }

    /**
     * The values of a map at this level, in the order location, anchor, column; those of pictures are sorted into it.
     *
     * @param map [anchors x columns, height, width] of this level, or [rows, columns] of all levels
     * @return [locations, anchors, columns]; for rows, the array of all levels, in which this one begins at {@code first x columns}
     */
    float[] values(Tensor map, int anchors, int columns) {
        float[] given = map.floats();
        if (map.shape().rank() == 2) {
            return given;
        }
        int count = locations();
        int channels = anchors * columns;
        float[] sorted = new float[given.length];
        for (int from = 0; from < count; from += BLOCK) {
            int to = Math.min(count, from + BLOCK);
            for (int channel = 0; channel < channels; channel++) {
                for (int i = from; i < to; i++) {
                    sorted[i * channels + channel] = given[channel * count + i];
                }
            }
        }
        return sorted;
    }

    static float sigmoid(float logit) {
        return (float) (1 / (1 + Math.exp(-logit)));
    }

    /** A logit whose sigmoid is certainly below a score, also in float32. */
    static float logitBelow(float score) {
        return (float) (Math.min(Math.log(score / (1 - score)), MOST_CUT) - MARGIN);
    }

    static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
