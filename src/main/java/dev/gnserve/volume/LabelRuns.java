package dev.gnserve.volume;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The voxels of one label as runs along the third axis, and its objects: voxels that are connected through their faces (as
 * {@code scipy.ndimage.label} does unless another structure is given). Planes come one by one, so that memory grows with the runs and not
 * with the voxels. Not thread-safe.
 */
public final class LabelRuns implements LabelVoxels {

    /** Whether a voxel of this probability belongs to the label. */
    @FunctionalInterface
    public interface Rule {

        boolean isIn(float probability);
    }

    /** Bytes of a run. */
    public static final int RUN_BYTES = 4 * Integer.BYTES + Float.BYTES;

    private final int rows;
    private final int columns;
    private final int most;
    private final List<Integer> planeEnds = new ArrayList<>();

    private int[] starts = new int[1024]; // in the plane
    private int[] lengths = new int[1024];
    private int[] parents = new int[1024];
    private float[] sums = new float[1024];
    private int count;

    /** Where the runs of each row of the last plane begin, and the end of the last row. */
    private int[] rowStarts;

    private int[] numbers = {};
    private List<Found> found = List.of();
    private long voxels;

    /**
     * @param rows size of the second axis
     * @param columns size of the third axis
     * @param most runs that the memory plan has room for
     */
    public LabelRuns(int rows, int columns, int most) {
        this.rows = rows;
        this.columns = columns;
        this.most = most;
        this.rowStarts = new int[rows + 1];
    }

    /**
     * Adds the next plane of the first axis.
     *
     * @param probabilities float32 [rows, columns]
     * @throws dev.gnserve.failure.FailureException IMAGE_TOO_LARGE if there are more runs than planned
     */
    public void add(float[] probabilities, Rule rule) {
        int[] newRows = new int[rows + 1];
        for (int row = 0; row < rows; row++) {
            newRows[row] = count;
            for (int column = 0; column < columns; column++) {
                int at = row * columns + column;
                if (!rule.isIn(probabilities[at])) {
                    continue;
                }
                double sum = 0;
                int end = column;
                while (end < columns && rule.isIn(probabilities[row * columns + end])) {
                    sum += probabilities[row * columns + end];
                    end++;
                }
                append(at, end - column, (float) sum);
                column = end;
            }
            if (row > 0) {
                join(newRows[row - 1], newRows[row], newRows[row], count);
            }
            join(rowStarts[row], rowStarts[row + 1], newRows[row], count);
        }
        newRows[rows] = count;
        rowStarts = newRows;
        planeEnds.add(count);
    }

    private void append(int start, int length, float sum) {
        if (count == most) {
            throw Failure.of(
                            FailureCode.IMAGE_TOO_LARGE,
                            ("a label of this volume changes from voxel to voxel: it has more than %,d runs along a row, for which no"
                                            + " memory is planned. Send a smaller part, or check that the volume is what the model takes")
                                    .formatted(most))
                    .asException();
        }
        if (count == starts.length) {
            int longer = (int) Math.min(most, 2L * count);
            starts = Arrays.copyOf(starts, longer);
            lengths = Arrays.copyOf(lengths, longer);
            parents = Arrays.copyOf(parents, longer);
            sums = Arrays.copyOf(sums, longer);
        }
        starts[count] = start;
        lengths[count] = length;
        sums[count] = sum;
        parents[count] = count;
        voxels += length;
        count++;
    }

    /** Joins runs of two neighbouring rows that share a column. */
    private void join(int one, int oneEnd, int other, int otherEnd) {
        int i = one;
        int j = other;
        while (i < oneEnd && j < otherEnd) {
            int left = starts[i] % columns;
            int right = starts[j] % columns;
            if (left < right + lengths[j] && right < left + lengths[i]) {
                union(i, j);
            }
            if (left + lengths[i] < right + lengths[j]) {
                i++;
            } else {
                j++;
            }
        }
    }

    private void union(int one, int other) {
        int a = root(one);
        int b = root(other);
        parents[Math.max(a, b)] = Math.min(a, b);
    }

    private int root(int run) {
        int at = run;
        while (parents[at] != at) {
            parents[at] = parents[parents[at]];
            at = parents[at];
        }
        return at;
    }

    /**
     * Ends the adding and numbers the objects in reading order of their first voxels.
     *
     * @param firstNumber of the first object
     * @param minimum voxels of an object
     */
    public List<Found> finish(int firstNumber, long minimum) {
        long[] sizes = new long[count];
        for (int i = 0; i < count; i++) {
            sizes[root(i)] += lengths[i];
        }
        numbers = new int[count];
        List<ObjectSum> objects = new ArrayList<>();
        int plane = 0;
        for (int i = 0; i < count; i++) {
            while (planeEnds.get(plane) <= i) {
                plane++;
            }
            int root = root(i);
            if (sizes[root] < minimum) {
                continue;
            }
            if (root == i) {
                objects.add(new ObjectSum());
                numbers[i] = firstNumber + objects.size() - 1;
            } else {
                numbers[i] = numbers[root];
            }
            objects.get(numbers[i] - firstNumber)
                    .add(plane, starts[i] / columns, starts[i] % columns, lengths[i], sums[i]);
        }
        found = objects.stream().map(ObjectSum::found).toList();
        return found;
    }

    @Override
    public long voxels() {
        return voxels;
    }

    /** None before {@link #finish}. */
    @Override
    public List<Found> objects() {
        return found;
    }

    /** After {@link #finish}. */
    @Override
    public void paint(Painter painter) {
        int plane = 0;
        for (int i = 0; i < count; i++) {
            while (planeEnds.get(plane) <= i) {
                plane++;
            }
            painter.run(numbers[i], plane, starts[i] / columns, starts[i] % columns, lengths[i]);
        }
    }
}
