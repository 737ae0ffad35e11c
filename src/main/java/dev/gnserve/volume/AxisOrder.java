package dev.gnserve.volume;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.util.ArrayList;
import java.util.List;

/**
 * Which axes of a file are the model's three axes, and in which direction they run. Immutable.
 *
 * @param axes for each axis of the model that of the file: 0 for z, 1 for y, 2 for x
 * @param flipped whether the model's axis runs against that of the file
 */
public record AxisOrder(List<Integer> axes, List<Boolean> flipped) {

    /** Depth, height, width, as they are stored. */
    public static final AxisOrder ZYX = of("zyx");

    private static final String LETTERS = "zyx";
    private static final String POSITIVE = "RAS";
    private static final String NEGATIVE = "LPI";

    /** Beyond this cosine two axes are not at right angles. */
    private static final double SHEARED = 0.02;

    public AxisOrder {
        axes = List.copyOf(axes);
        flipped = List.copyOf(flipped);
    }

    /** By letters, such as {@code xyz}: as they are stored, in this order. */
    public static AxisOrder of(String letters) {
        return new AxisOrder(letters.chars().mapToObj(LETTERS::indexOf).toList(), List.of(false, false, false));
    }

    /**
     * By an orientation, such as {@code RAS}: the model's first axis runs to the patient's right, the second to the front, the third up.
     * The axis of the file that is nearest to each direction is taken, as nibabel's {@code io_orientation} does.
     *
     * @throws dev.gnserve.failure.FailureException IMAGE_UNDECODABLE for a file that does not say how it is oriented, or with a sheared grid
     */
    public static AxisOrder oriented(String code, Geometry geometry) {
        double[] map = geometry.space() == null ? null : geometry.space().affine();
        if (map == null) {
            throw refused("the volume does not say how it is oriented, and the model takes it as " + code
                    + ": send a NIfTI file with qform_code or sform_code above 0");
        }
        double[][] columns = new double[3][3];
        for (int axis = 0; axis < 3; axis++) {
            double length =
                    Math.sqrt(map[axis] * map[axis] + map[4 + axis] * map[4 + axis] + map[8 + axis] * map[8 + axis]);
            for (int world = 0; world < 3; world++) {
                columns[axis][world] = map[4 * world + axis] / length;
            }
            if (!(length > 0) || !Double.isFinite(length)) {
                throw refused(
                        "an axis of the volume has the length " + length + " in its affine map; repair its header");
            }
        }
        for (int a = 0; a < 3; a++) {
            double[] one = columns[a];
            double[] next = columns[(a + 1) % 3];
            if (Math.abs(one[0] * next[0] + one[1] * next[1] + one[2] * next[2]) > SHEARED) {
                throw refused("the axes of the volume are not at right angles, and the model takes it as " + code
                        + ": resample it to a grid with right angles");
            }
        }
        int[] worldOf = new int[3];
        boolean[] taken = new boolean[3];
        for (int axis = 0; axis < 3; axis++) {
            int best = -1;
            for (int world = 0; world < 3; world++) {
                if (!taken[world] && (best < 0 || Math.abs(columns[axis][world]) > Math.abs(columns[axis][best]))) {
                    best = world;
                }
            }
            worldOf[axis] = best;
            taken[best] = true;
        }
        List<Integer> axes = new ArrayList<>();
        List<Boolean> flipped = new ArrayList<>();
        for (int i = 0; i < code.length(); i++) {
            char letter = code.charAt(i);
            boolean positive = POSITIVE.indexOf(letter) >= 0;
            int world = positive ? POSITIVE.indexOf(letter) : NEGATIVE.indexOf(letter);
            for (int axis = 0; axis < 3; axis++) {
                if (worldOf[axis] == world) {
                    axes.add(2 - axis); // Axis 0 of the affine map is x.
                    flipped.add(columns[axis][world] > 0 != positive);
                }
            }
        }
        return new AxisOrder(axes, flipped);
    }

    private static RuntimeException refused(String why) {
        return Failure.of(FailureCode.IMAGE_UNDECODABLE, why).asException();
    }

    /** The places of a volume's voxels in this order. */
    public Grid grid(VolumeShape shape) {
        int[] fileSteps = {shape.height() * shape.width(), shape.width(), 1};
        int[] sizes = new int[3];
        int[] steps = new int[3];
        int origin = 0;
        for (int a = 0; a < 3; a++) {
            int axis = axes.get(a);
            sizes[a] = shape.size(axis);
            steps[a] = flipped.get(a) ? -fileSteps[axis] : fileSteps[axis];
            origin += flipped.get(a) ? (sizes[a] - 1) * fileSteps[axis] : 0;
        }
        return new Grid(sizes, steps, origin);
    }

    /**
     * Where the voxel at (a, b, c) of the model's axes is in the file's order z, y, x.
     *
     * @param sizes along the model's axes
     * @param steps in voxels of the file along them
     * @param origin the place of (0, 0, 0)
     */
    @SuppressWarnings("ArrayRecordComponent") // Made once, compared never.
    public record Grid(int[] sizes, int[] steps, int origin) {

        public int place(int a, int b, int c) {
            return origin + a * steps[0] + b * steps[1] + c * steps[2];
        }
    }
}
