package dev.gnserve.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ModelsFolder;
import dev.gnserve.numpy.Npz;
import dev.gnserve.volume.SlidingWindow.Blending;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Windows and blending equal MONAI's sliding_window_inference (1.6.1; volumes/make.py), and objects scipy's label. */
class SlidingWindowTest {

    private static final Npz EXPECTED = Npz.read(ModelsFolder.bytes("/volumes/expected.npz"));

    private static Volume normal(int depth) {
        float[] values = EXPECTED.floats("stack");
        new VolumeStep.ZeroMean(false, 1e-6, false).apply(values, 1, values.length);
        return new Volume(new VolumeShape(1, depth, 9, 13), Arrays.copyOf(values, depth * 9 * 13), Geometry.UNKNOWN);
    }

    private static float[] blended(Volume volume, int[] window, double[] overlap, Blending blending, int[] halo) {
        AxisOrder.Grid grid = AxisOrder.ZYX.grid(volume.shape());
        SlidingWindow windows = new SlidingWindow(grid.sizes(), window, overlap, blending, halo);
        int plane = volume.shape().height() * volume.shape().width();
        float[] all = new float[2 * volume.values().length];
        int[] next = {0};
        WindowBlender blender = new WindowBlender(windows, 2, (number, values) -> {
            assertThat(number).isEqualTo(next[0]++);
            System.arraycopy(values, 0, all, number * plane, plane);
            System.arraycopy(values, plane, all, volume.values().length + number * plane, plane);
        });
        for (int i = 0; i < windows.count(); i++) {
            blender.add(places(windows.cut(volume, grid, i), window));
        }
        assertThat(next[0]).isEqualTo(volume.shape().depth());
        return all;
    }

    /** The stand-in for a network of make.py. */
    private static float[] places(float[] cut, int[] window) {
        float[] outputs = new float[2 * cut.length];
        int at = 0;
        for (int a = 0; a < window[0]; a++) {
            for (int b = 0; b < window[1]; b++) {
                for (int c = 0; c < window[2]; c++, at++) {
                    outputs[at] = cut[at] + (a * 0.1f - b * 0.05f + c * 0.02f);
                    outputs[cut.length + at] = cut[at] * cut[at] * 0.01f;
                }
            }
        }
        return outputs;
    }

    private static int[] three(int... values) {
        return values;
    }

    private static double[] parts(double... values) {
        return values;
    }

    private static void same(float[] given, String name) {
        assertThat(given).containsExactly(EXPECTED.floats(name), within(1e-5f));
    }

    @Test
    void blendingIsThatOfMonai() {
        same(
                blended(normal(11), three(4, 6, 5), parts(0.25, 0.25, 0.25), Blending.GAUSSIAN, new int[3]),
                "places-gaussian");
        same(
                blended(normal(11), three(6, 4, 8), parts(0.6, 0.3, 0.1), Blending.GAUSSIAN, new int[3]),
                "places-gaussian-overlaps");
        same(
                blended(normal(11), three(4, 6, 5), parts(0.5, 0.5, 0.5), Blending.CONSTANT, new int[3]),
                "places-constant");
    }

    /** Normalized over the whole stack, so that the values are those of the script. */
    @Test
    void smallVolumesArePaddedAsByMonai() {
        same(
                blended(normal(4), three(7, 6, 16), parts(0.25, 0.25, 0.25), Blending.GAUSSIAN, new int[3]),
                "places-padded");
    }

    /** Outside of the rims a window's output counts alone. */
    @Test
    void haloLeavesOutTheRims() {
        Volume volume = normal(11);
        AxisOrder.Grid grid = AxisOrder.ZYX.grid(volume.shape());
        int[] window = three(6, 9, 13);
        SlidingWindow windows = new SlidingWindow(grid.sizes(), window, new double[3], Blending.HALO, three(2, 0, 0));
        int plane = 9 * 13;
        float[] numbers = new float[11];
        WindowBlender blender = new WindowBlender(windows, 1, (number, values) -> numbers[number] = values[0]);
        for (int i = 0; i < windows.count(); i++) {
            float[] outputs = new float[6 * plane];
            Arrays.fill(outputs, i + 1);
            blender.add(outputs);
        }
        // Windows begin at 0, 2, 4 and 5; without rims they have planes 0-3, 4-5, 6-7 and 7-10.
        assertThat(numbers).containsExactly(1, 1, 1, 1, 2, 2, 3, 3.5f, 4, 4, 4);
    }

    @Test
    void objectsAreThoseOfScipy() {
        float[] logits = EXPECTED.floats("logits");
        int voxels = logits.length / 3;
        for (int label = 1; label < 3; label++) {
            double[] expected = EXPECTED.doubles("objects-" + label);
            LabelRuns runs = new LabelRuns(9, 13, 10_000);
            for (int z = 0; z < 11; z++) {
                float[] plane = new float[9 * 13];
                for (int i = 0; i < plane.length; i++) {
                    int at = z * plane.length + i;
                    float own = logits[label * voxels + at];
                    boolean highest = own > logits[at] && own > logits[(3 - label) * voxels + at];
                    plane[i] = highest ? 0.75f : 0;
                }
                runs.add(plane, value -> value > 0.5);
            }
            int most = (int) Arrays.stream(expected).max().orElse(0);
            assertThat(runs.finish(1, 1)).hasSize(most);
            int[] painted = new int[voxels];
            runs.paint((object, a, b, c, length) ->
                    Arrays.fill(painted, (a * 9 + b) * 13 + c, (a * 9 + b) * 13 + c + length, object));
            assertThat(Arrays.stream(painted).asDoubleStream().toArray()).containsExactly(expected);
            LabelVoxels.Found first = runs.objects().get(0);
            assertThat(first.voxels())
                    .isEqualTo(Arrays.stream(expected)
                            .filter(number -> number == 1)
                            .count());
            assertThat(first.score()).isEqualTo(0.75);
        }
    }

    @Test
    void smallObjectsAreLeftOut() {
        LabelRuns runs = new LabelRuns(1, 5, 10);
        runs.add(new float[] {1, 0, 1, 1, 0}, value -> value > 0);
        assertThat(runs.finish(3, 2)).hasSize(1);
        StringBuilder seen = new StringBuilder();
        runs.paint((object, a, b, c, length) -> seen.append(object)
                .append('@')
                .append(c)
                .append('x')
                .append(length)
                .append(' '));
        assertThat(seen).hasToString("0@0x1 3@2x2 ");
        assertThat(runs.voxels()).isEqualTo(3);
    }
}
