package dev.gnserve.volume;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The windows over a volume and the weights of their outputs, equal to MONAI's {@code sliding_window_inference}
 * ({@code monai/inferers/utils.py}, {@code dense_patch_slices}, {@code compute_importance_map}). Immutable; axes are the model's.
 *
 * <p>A volume that is smaller than the window is padded with zeros on both sides, with one more behind where the difference is odd.
 */
public final class SlidingWindow {

    /** How outputs of windows that overlap become one. */
    public enum Blending {

        /** All count equally. */
        CONSTANT,

        /** Those near the middle of their window count more, by a normal distribution with 1/8 of the window as deviation. */
        GAUSSIAN,

        /** Those in the rim of their window do not count, except at the border of the volume. */
        HALO
    }

    private static final double SIGMA_SCALE = 0.125;

    /** MONAI's least weight. */
    private static final float LEAST_WEIGHT = 1e-3f;

    private final int[] sizes;
    private final int[] window;
    private final int[] before = new int[3];
    private final int[] padded = new int[3];
    private final List<List<Integer>> starts = new ArrayList<>();
    private final Blending blending;
    private final int[] halo;
    private final float[] importance;

    /**
     * @param sizes of the volume
     * @param window sizes of a window
     * @param overlap for each axis the part of a window that the next one shares, 0 to below 1; not for HALO
     * @param halo for each axis the rim on each side that does not count, less than half of the window; for HALO only
     */
    public SlidingWindow(int[] sizes, int[] window, double[] overlap, Blending blending, int[] halo) {
        this.sizes = sizes.clone();
        this.window = window.clone();
        this.blending = blending;
        this.halo = halo.clone();
        for (int axis = 0; axis < 3; axis++) {
            int missing = Math.max(0, window[axis] - sizes[axis]);
            before[axis] = missing / 2;
            padded[axis] = sizes[axis] + missing;
            int step = padded[axis] == window[axis]
                    ? window[axis]
                    : blending == Blending.HALO
                            ? window[axis] - 2 * halo[axis]
                            : Math.max(1, (int) (window[axis] * (1 - overlap[axis])));
            starts.add(starts(padded[axis], window[axis], step));
        }
        this.importance = importance();
    }

    private static List<Integer> starts(int size, int window, int step) {
        List<Integer> starts = new ArrayList<>();
        for (long start = 0; ; start += step) {
            starts.add((int) Math.min(start, size - window));
            if (start + window >= size) {
                return List.copyOf(starts);
            }
        }
    }

    private float[] importance() {
        float[] map = new float[window[0] * window[1] * window[2]];
        if (blending != Blending.GAUSSIAN) {
            Arrays.fill(map, 1);
            return map;
        }
        float[][] lines = new float[3][];
        for (int axis = 0; axis < 3; axis++) {
            lines[axis] = new float[window[axis]];
            double sigma = window[axis] * SIGMA_SCALE;
            for (int i = 0; i < window[axis]; i++) {
                double x = i - (window[axis] - 1) / 2.0;
                lines[axis][i] = (float) Math.exp(x * x / (-2 * sigma * sigma));
            }
        }
        float least = Float.MAX_VALUE;
        int at = 0;
        for (float a : lines[0]) {
            for (float b : lines[1]) {
                for (float c : lines[2]) {
                    map[at] = a * b * c;
                    least = Math.min(least, map[at++]);
                }
            }
        }
        float clamp = Math.max(least, LEAST_WEIGHT);
        for (int i = 0; i < map.length; i++) {
            map[i] = Math.max(clamp, map[i]);
        }
        return map;
    }

    /** Number of windows. They go along the third axis first, and along the first axis last. */
    public int count() {
        return starts.get(0).size() * layer();
    }

    /** Windows that begin at the same place of the first axis. */
    int layer() {
        return starts.get(1).size() * starts.get(2).size();
    }

    /** Where a window begins in the padded volume. */
    int[] start(int index) {
        int third = starts.get(2).size();
        int second = starts.get(1).size();
        return new int[] {
            starts.get(0).get(index / (second * third)),
            starts.get(1).get(index / third % second),
            starts.get(2).get(index % third)
        };
    }

    /** Sizes of a window. */
    public int[] window() {
        return window;
    }

    int[] sizes() {
        return sizes;
    }

    /** Sizes of the padded volume. */
    int[] padded() {
        return padded;
    }

    /** Padding before the first voxel. */
    int[] before() {
        return before;
    }

    /** The weight of an output at a place of its window, which begins at {@code start}. */
    float weight(int[] start, int a, int b, int c) {
        float weight = importance[(a * window[1] + b) * window[2] + c];
        return blending != Blending.HALO || (counts(start, 0, a) && counts(start, 1, b) && counts(start, 2, c))
                ? weight
                : 0;
    }

    private boolean counts(int[] start, int axis, int at) {
        boolean first = start[axis] == 0 || at >= halo[axis];
        boolean last = start[axis] + window[axis] == padded[axis] || at < window[axis] - halo[axis];
        return first && last;
    }

    /** Bytes that blending takes. */
    public long bytes(int outputs) {
        return (long) Float.BYTES * (outputs + 1) * window[0] * padded[1] * padded[2];
    }

    /** Bytes of a window with so many values a voxel. */
    public long windowBytes(int values) {
        return (long) Float.BYTES * values * window[0] * window[1] * window[2];
    }

    /**
     * Cuts a window out of a volume.
     *
     * @return float32 [channels, window], zeros outside of the volume
     */
    public float[] cut(Volume volume, AxisOrder.Grid grid, int index) {
        int[] start = start(index);
        int channels = volume.shape().channels();
        int voxels = (int) volume.shape().voxels();
        float[] values = volume.values();
        float[] cut = new float[channels * window[0] * window[1] * window[2]];
        int from = Math.max(0, before[2] - start[2]);
        int to = Math.min(window[2], sizes[2] + before[2] - start[2]);
        for (int c = 0; c < channels; c++) {
            for (int a = 0; a < window[0]; a++) {
                int z = start[0] + a - before[0];
                for (int b = 0; b < window[1]; b++) {
                    int y = start[1] + b - before[1];
                    if (z < 0 || z >= sizes[0] || y < 0 || y >= sizes[1]) {
                        continue;
                    }
                    int out = ((c * window[0] + a) * window[1] + b) * window[2];
                    int at = c * voxels + grid.place(z, y, start[2] + from - before[2]);
                    for (int x = from; x < to; x++, at += grid.steps()[2]) {
                        cut[out + x] = values[at];
                    }
                }
            }
        }
        return cut;
    }
}
