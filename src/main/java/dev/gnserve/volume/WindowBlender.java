package dev.gnserve.volume;

import java.util.Arrays;

/**
 * Blends the outputs of windows in their order, and passes on each plane of the first axis as soon as no further window reaches it. So
 * it holds as many planes as a window has, and not the whole volume. Not thread-safe.
 */
public final class WindowBlender {

    /** Receives the planes from the first to the last. */
    @FunctionalInterface
    public interface Planes {

        /**
         * The next plane.
         *
         * @param values blended outputs, float32 [channels, size of the second axis, size of the third]; used until this returns
         */
        void plane(int number, float[] values);
    }

    private final SlidingWindow windows;
    private final int channels;
    private final Planes planes;

    /** For each channel the weighted sums, and last the weights: [planes of a window, padded plane]. */
    private final float[][] sums;

    private final float[] plane;
    private int added;

    /** The padded plane that the sums begin with. */
    private int first;

    public WindowBlender(SlidingWindow windows, int channels, Planes planes) {
        this.windows = windows;
        this.channels = channels;
        this.planes = planes;
        int[] padded = windows.padded();
        this.sums = new float[channels + 1][windows.window()[0] * padded[1] * padded[2]];
        this.plane = new float[channels * windows.sizes()[1] * windows.sizes()[2]];
    }

    /**
     * Adds the outputs of the next window.
     *
     * @param outputs float32 [channels, window]
     */
    public void add(float[] outputs) {
        int[] start = windows.start(added);
        int[] window = windows.window();
        int rows = windows.padded()[1];
        int columns = windows.padded()[2];
        int voxels = window[0] * window[1] * window[2];
        passOnUntil(start[0]);
        float[] weights = sums[channels];
        float[] line = new float[window[2]];
        for (int a = 0; a < window[0]; a++) {
            for (int b = 0; b < window[1]; b++) {
                int at = (a * rows + start[1] + b) * columns + start[2];
                for (int c = 0; c < window[2]; c++) {
                    line[c] = windows.weight(start, a, b, c);
                    weights[at + c] += line[c];
                }
                int from = (a * window[1] + b) * window[2];
                for (int channel = 0; channel < channels; channel++, from += voxels) {
                    float[] sum = sums[channel];
                    for (int c = 0; c < window[2]; c++) {
                        sum[at + c] += line[c] * outputs[from + c];
                    }
                }
            }
        }
        added++;
        if (added == windows.count()) {
            passOnUntil(windows.padded()[0]);
        }
    }

    /** Passes on the planes before this one, and makes room for those after them. */
    private void passOnUntil(int next) {
        if (next == first) {
            return;
        }
        int size = windows.padded()[1] * windows.padded()[2];
        int done = next - first;
        for (int i = 0; i < done && i < windows.window()[0]; i++) {
            passOn(i);
        }
        int kept = Math.max(0, windows.window()[0] - done) * size;
        for (float[] sum : sums) {
            System.arraycopy(sum, sum.length - kept, sum, 0, kept);
            Arrays.fill(sum, kept, sum.length, 0);
        }
        first = next;
    }

    private void passOn(int held) {
        int number = first + held - windows.before()[0];
        int[] sizes = windows.sizes();
        if (number < 0 || number >= sizes[0]) {
            return;
        }
        int out = 0;
        for (int channel = 0; channel < channels; channel++) {
            for (int b = 0; b < sizes[1]; b++) {
                int at = (held * windows.padded()[1] + b + windows.before()[1]) * windows.padded()[2]
                        + windows.before()[2];
                for (int c = 0; c < sizes[2]; c++) {
                    plane[out++] = sums[channel][at + c] / sums[channels][at + c];
                }
            }
        }
        planes.plane(number, plane);
    }
}
