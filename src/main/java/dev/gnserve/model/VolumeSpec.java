package dev.gnserve.model;

import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.Geometry;
import dev.gnserve.volume.Resampling;
import dev.gnserve.volume.SlidingWindow;
import dev.gnserve.volume.SlidingWindow.Blending;
import dev.gnserve.volume.VolumeShape;
import dev.gnserve.volume.VolumeStep;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the model's inputs are made from a volume. Lists are in the order of the model's axes. Immutable.
 *
 * @param axes the model's axes as letters, such as {@code zyx}; they are those of the file, in this order
 * @param orientation the model's axes as directions, such as {@code RAS}, in place of {@code axes}; or null
 * @param window sizes of a window
 * @param smallest least sizes of a window; a window is smaller than {@code window} where the volume is
 * @param overlap part of a window that the next one shares
 * @param blending how outputs of windows that overlap become one
 * @param halo rim of a window that does not count, with the blending halo
 * @param spacing of the voxels that the model was trained with; volumes of another are resampled. Null for any
 * @param back how the outputs for a resampled volume come to the grid of the file: after the output's steps, before its decoder
 * @param planes whether the model takes planes [channels, second axis, third axis] along its first axis, which is z
 * @param steps from the values of the file to those of the model
 */
public record VolumeSpec(
        String axes,
        @Nullable String orientation,
        List<Integer> window,
        List<Integer> smallest,
        List<Double> overlap,
        Blending blending,
        List<Integer> halo,
        @Nullable List<Double> spacing,
        Resampling.Back back,
        boolean planes,
        List<VolumeStep> steps) {

    private static final double SAME_SPACING = 1e-3;

    public VolumeSpec {
        window = List.copyOf(window);
        smallest = List.copyOf(smallest);
        overlap = List.copyOf(overlap);
        halo = List.copyOf(halo);
        spacing = spacing == null ? null : List.copyOf(spacing);
        steps = List.copyOf(steps);
        requireThree("window", window);
        requireThree("smallest", smallest);
        requireThree("overlap", overlap);
        requireThree("halo", halo);
        if (spacing != null) {
            requireThree("spacing", spacing);
        }
        if (planes && (window.get(0) != 1 || !axes.startsWith("z") || orientation != null || spacing != null)) {
            throw new IllegalArgumentException(
                    "planes is true with the axes %s and the window %s; allowed are zyx or zxy, a window such as [1, 512, 512], and neither orientation nor spacing"
                            .formatted(orientation == null ? axes : orientation, window));
        }
        long voxels = 1;
        for (int axis = 0; axis < 3; axis++) {
            voxels *= window.get(axis);
            if (smallest.get(axis) > window.get(axis)) {
                throw new IllegalArgumentException(
                        "smallest is " + smallest + " and window " + window + "; allowed is at most the window");
            }
            if (2 * halo.get(axis) >= smallest.get(axis)) {
                throw new IllegalArgumentException("halo is " + halo + " and the smallest window " + smallest
                        + "; allowed is less than half of it");
            }
        }
        if (voxels > 1 << 28) {
            throw new IllegalArgumentException("window is " + window + ", allowed are 268,435,456 voxels");
        }
        boolean rims = halo.stream().anyMatch(rim -> rim > 0);
        if (rims != (blending == Blending.HALO)) {
            throw new IllegalArgumentException("blending is " + OutputForm.lower(blending) + " and halo " + halo
                    + "; a halo goes with the blending halo, which needs one");
        }
        if (blending == Blending.HALO && overlap.stream().anyMatch(part -> part > 0)) {
            throw new IllegalArgumentException("overlap is " + overlap
                    + ", but with the blending halo windows overlap by their halo; leave overlap out");
        }
    }

    private static void requireThree(String name, List<? extends Number> values) {
        if (values.size() != 3) {
            throw new IllegalArgumentException(
                    name + " is " + values + "; allowed is one number for each of the model's three axes");
        }
    }

    /**
     * The order of a volume's axes for the model.
     *
     * @throws dev.gnserve.failure.FailureException IMAGE_UNDECODABLE for a volume without the orientation that the model needs
     */
    public AxisOrder order(Geometry geometry) {
        return orientation == null ? AxisOrder.of(axes) : AxisOrder.oriented(orientation, geometry);
    }

    /**
     * How a volume is brought to the distance of voxels that the model takes; null if it has that, or if the model takes any.
     *
     * @param grid of the volume in this order
     * @throws dev.gnserve.failure.FailureException IMAGE_UNDECODABLE for a volume that does not say the distance of its voxels
     */
    public @Nullable Resampling resampling(Geometry geometry, AxisOrder order, AxisOrder.Grid grid) {
        if (spacing == null) {
            return null;
        }
        List<Double> given = geometry.spacing();
        if (given == null) {
            throw Failure.of(
                            FailureCode.IMAGE_UNDECODABLE,
                            "the volume does not say the distance of its voxels, and the model takes " + spacing
                                    + " along its axes (input.volume.spacing): send NIfTI, or a TIFF of ImageJ or OME with"
                                    + " distance and unit")
                    .asException();
        }
        double[] from = new double[3];
        double[] to = new double[3];
        boolean same = true;
        for (int axis = 0; axis < 3; axis++) {
            from[axis] = given.get(order.axes().get(axis));
            to[axis] = spacing.get(axis);
            double ratio = to[axis] / from[axis];
            if (!(ratio > 0) || !Double.isFinite(ratio)) {
                throw Failure.of(
                                FailureCode.IMAGE_UNDECODABLE,
                                "the volume says that its voxels have the distances " + given
                                        + "; correct them in the file: the model takes " + spacing
                                        + " along its axes (input.volume.spacing)")
                        .asException();
            }
            same &= Math.abs(from[axis] / to[axis] - 1) <= SAME_SPACING;
        }
        return same ? null : new Resampling(grid, from, to);
    }

    /**
     * The windows over a volume.
     *
     * @param multiple of which the sides of a window that is smaller than {@code window} are multiples
     */
    public SlidingWindow windows(AxisOrder.Grid grid, int multiple) {
        int[] sizes = new int[3];
        for (int axis = 0; axis < 3; axis++) {
            int enough = (grid.sizes()[axis] + multiple - 1) / multiple * multiple;
            sizes[axis] = Math.min(window.get(axis), Math.max(smallest.get(axis), enough));
        }
        return new SlidingWindow(
                grid.sizes(),
                sizes,
                overlap.stream().mapToDouble(Double::doubleValue).toArray(),
                blending,
                halo.stream().mapToInt(Integer::intValue).toArray());
    }

    /** The shape of the model's input or output for a window. */
    public TensorShape shape(int channels, int[] window) {
        return planes
                ? TensorShape.of(channels, window[1], window[2])
                : TensorShape.of(channels, window[0], window[1], window[2]);
    }

    /** Runs the steps over the values of a volume, or over each of its planes along z. */
    public void prepare(float[] values, VolumeShape shape) {
        int voxels = (int) shape.voxels();
        if (!planes || shape.depth() == 1) {
            steps.forEach(step -> step.apply(values, shape.channels(), voxels));
            return;
        }
        int plane = shape.height() * shape.width();
        float[] one = new float[shape.channels() * plane];
        for (int z = 0; z < shape.depth(); z++) {
            for (int channel = 0; channel < shape.channels(); channel++) {
                System.arraycopy(values, channel * voxels + z * plane, one, channel * plane, plane);
            }
            steps.forEach(step -> step.apply(one, shape.channels(), plane));
            for (int channel = 0; channel < shape.channels(); channel++) {
                System.arraycopy(one, channel * plane, values, channel * voxels + z * plane, plane);
            }
        }
    }

    /** One window over the whole volume, or over each of its planes. */
    public SlidingWindow whole(AxisOrder.Grid grid) {
        int[] window = grid.sizes().clone();
        window[0] = planes ? 1 : window[0];
        return new SlidingWindow(grid.sizes(), window, new double[3], Blending.CONSTANT, new int[3]);
    }

    /** Heap that the values of a volume and the steps on them take. */
    public long bytes(VolumeShape shape) {
        return shape.voxels() * shape.channels() * Float.BYTES + copies(shape);
    }

    /** The part of it that is free when the steps are done. */
    public long copies(VolumeShape shape) {
        int copies = steps.stream().mapToInt(VolumeStep::bytesPerValue).max().orElse(0);
        long values = shape.voxels() * shape.channels();
        return values * copies + (planes ? values / shape.depth() * Float.BYTES : 0);
    }
}
