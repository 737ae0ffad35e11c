package dev.gnserve.volume;

import dev.gnserve.image.Cancellation;
import java.util.Arrays;

/**
 * Brings a volume to another distance of voxels, and planes of outputs back to the grid of the volume, as MONAI's {@code Spacing} does
 * with its defaults (bilinear, border) and its inverse with nearest or bilinear. Immutable; axes are the model's.
 *
 * <p>The first voxels of both grids have the same centre. Voxel i of the new grid is at i x (new distance / old distance) on the old one,
 * between whose voxels values are interpolated linearly; beyond the last voxel its value counts. The new size is (old size - 1) x (old
 * distance / new distance) + 1, rounded half to even. Nothing is smoothed before.
 */
public final class Resampling {

    /** How outputs come back to the grid of the volume. */
    public enum Back {
        /** Each voxel gets the outputs of the nearest new one. */
        NEAREST,
        /** Outputs are interpolated linearly between new voxels. */
        LINEAR
    }

    private final AxisOrder.Grid grid;

    /** New distance / old distance. */
    private final double[] ratios;

    private final int[] sizes = new int[3];

    /**
     * @param grid the places of the voxels in the file
     * @param from distances on it along the model's axes
     * @param to distances on the new grid
     */
    public Resampling(AxisOrder.Grid grid, double[] from, double[] to) {
        this.grid = grid;
        this.ratios = new double[3];
        for (int axis = 0; axis < 3; axis++) {
            ratios[axis] = to[axis] / from[axis];
            double size = Math.rint((grid.sizes()[axis] - 1) * from[axis] / to[axis] + 1);
            sizes[axis] = (int) size; // At most the largest int.
        }
    }

    /** Voxels of the new grid. */
    public double voxels() {
        return (double) sizes[0] * sizes[1] * sizes[2];
    }

    /** The shape of a volume on the new grid: its axes z, y, x are the model's. */
    public VolumeShape shape(int channels) {
        return new VolumeShape(channels, sizes[0], sizes[1], sizes[2]);
    }

    /** The volume on the new grid, in the order of the model's axes; that given is not changed. */
    public Volume apply(Volume volume, Cancellation cancellation) {
        VolumeShape shape = shape(volume.shape().channels());
        float[] values = new float[Math.toIntExact(shape.voxels() * shape.channels())];
        int voxels = (int) volume.shape().voxels();
        int out = 0;
        for (int channel = 0; channel < shape.channels(); channel++) {
            int from = channel * voxels;
            for (int a = 0; a < sizes[0]; a++) {
                cancellation.throwIfCancelled();
                for (int b = 0; b < sizes[1]; b++) {
                    row(volume.values(), from, place(0, a), place(1, b), values, out);
                    out += sizes[2];
                }
            }
        }
        return new Volume(shape, values, volume.geometry());
    }

    /** The place on the old grid. */
    private double place(int axis, int index) {
        return Math.min(index * ratios[axis], grid.sizes()[axis] - 1);
    }

    private void row(float[] values, int from, double a, double b, float[] into, int at) {
        int a0 = (int) a;
        int b0 = (int) b;
        int a1 = Math.min(a0 + 1, grid.sizes()[0] - 1);
        int b1 = Math.min(b0 + 1, grid.sizes()[1] - 1);
        double fa = a - a0;
        double fb = b - b0;
        for (int i = 0; i < sizes[2]; i++) {
            double c = place(2, i);
            int c0 = (int) c;
            int c1 = Math.min(c0 + 1, grid.sizes()[2] - 1);
            double fc = c - c0;
            double lower = (1 - fb) * between(values, from, a0, b0, c0, c1, fc)
                    + fb * between(values, from, a0, b1, c0, c1, fc);
            double upper = (1 - fb) * between(values, from, a1, b0, c0, c1, fc)
                    + fb * between(values, from, a1, b1, c0, c1, fc);
            into[at + i] = (float) ((1 - fa) * lower + fa * upper);
        }
    }

    private double between(float[] values, int from, int a, int b, int c0, int c1, double part) {
        return (1 - part) * values[from + grid.place(a, b, c0)] + part * values[from + grid.place(a, b, c1)];
    }

    /**
     * Planes on the grid of the volume from those on the new one.
     *
     * @param channels of the planes
     */
    public WindowBlender.Planes back(Back how, int channels, WindowBlender.Planes planes) {
        return how == Back.NEAREST ? nearest(channels, planes) : new Between(channels, planes);
    }

    /** Values of an old plane are between two new planes, rows and columns. */
    private final class Between implements WindowBlender.Planes {

        private final int channels;
        private final WindowBlender.Planes planes;
        private final float[] plane;
        private float[] before = {};
        private float[] last = {};
        private int next;

        Between(int channels, WindowBlender.Planes planes) {
            this.channels = channels;
            this.planes = planes;
            this.plane = new float[channels * grid.sizes()[1] * grid.sizes()[2]];
        }

        @Override
        public void plane(int number, float[] values) {
            float[] free = before.length == values.length ? before : new float[values.length];
            System.arraycopy(values, 0, free, 0, values.length);
            before = last;
            last = free;
            for (; next < grid.sizes()[0]; next++) {
                double at = newPlace(0, next);
                int lower = (int) at;
                double part = at - lower;
                if (part > 0 ? lower >= number : lower > number) {
                    return; // It needs a plane that has not come.
                }
                float[] low = lower == number ? last : before;
                for (int channel = 0; channel < channels; channel++) {
                    rows(channel, low, part > 0 ? last : low, part);
                }
                planes.plane(next, plane);
            }
        }

        private void rows(int channel, float[] low, float[] high, double part) {
            int out = channel * grid.sizes()[1] * grid.sizes()[2];
            for (int row = 0; row < grid.sizes()[1]; row++) {
                double b = newPlace(1, row);
                int first = (channel * sizes[1] + (int) b) * sizes[2];
                int second = b > (int) b ? first + sizes[2] : first;
                double fb = b - (int) b;
                for (int column = 0; column < grid.sizes()[2]; column++) {
                    double c = newPlace(2, column);
                    int left = (int) c;
                    int right = c > left ? left + 1 : left;
                    double fc = c - left;
                    double lower = (1 - fb) * between(low, first + left, first + right, fc)
                            + fb * between(low, second + left, second + right, fc);
                    double upper = (1 - fb) * between(high, first + left, first + right, fc)
                            + fb * between(high, second + left, second + right, fc);
                    plane[out++] = (float) ((1 - part) * lower + part * upper);
                }
            }
        }
    }

    private static double between(float[] values, int left, int right, double part) {
        return (1 - part) * values[left] + part * values[right];
    }

    /** The place on the new grid. */
    private double newPlace(int axis, int index) {
        return Math.min(index / ratios[axis], sizes[axis] - 1);
    }

    /** Each voxel gets the values of the nearest one. */
    private WindowBlender.Planes nearest(int channels, WindowBlender.Planes planes) {
        int[] old = grid.sizes();
        int[] rows = nearest(1);
        int[] columns = nearest(2);
        int[] firsts = nearest(0);
        float[] plane = new float[channels * old[1] * old[2]];
        int[] next = new int[1];
        return (number, values) -> {
            if (next[0] == old[0] || firsts[next[0]] != number) {
                return; // No voxel is nearest to this plane.
            }
            int out = 0;
            for (int channel = 0; channel < channels; channel++) {
                for (int row : rows) {
                    int at = (channel * sizes[1] + row) * sizes[2];
                    for (int column : columns) {
                        plane[out++] = values[at + column];
                    }
                }
            }
            float[] kept = plane.clone();
            while (next[0] < old[0] && firsts[next[0]] == number) {
                System.arraycopy(kept, 0, plane, 0, kept.length); // The receiver may change it.
                planes.plane(next[0]++, plane);
            }
        };
    }

    private int[] nearest(int axis) {
        int[] places = new int[grid.sizes()[axis]];
        Arrays.setAll(places, i -> (int) Math.min(Math.rint(i / ratios[axis]), sizes[axis] - 1));
        return places;
    }
}
