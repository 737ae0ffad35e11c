package dev.gnserve.norm;

import java.lang.invoke.MethodHandles;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The kernel in the Vector API, one hidden copy per width; see {@link VectorKernels}. */
final class VectorGroupNormKernel implements GroupNormKernel {

    private static final VectorSpecies<Float> SPECIES = VectorKernels.species(MethodHandles.lookup());

    /**
     * Index of the first value of a large array that begins a cache line of 64 bytes: with G1, such an array begins at the start of a
     * region, and its header takes 16 bytes. With other collectors, vectors may cross cache lines, which costs only speed.
     */
    private static final int LINE_START = 12;

    /** Runs with at least this many values are long. */
    private static final int LONG_RUN = 256;

    private VectorGroupNormKernel() {}

    @Override
    public String name() {
        return "vector-" + SPECIES.vectorBitSize();
    }

    @Override
    public void sumBlock(float[] x, int offset, int length, float center, float[] sums, float[] squares) {
        int rows = length / COLUMNS;
        sumRun(x, offset, Math.min(RUN_ROWS, rows), center, true, sums, squares);
        for (int row = RUN_ROWS; row < rows; row += RUN_ROWS) {
            sumRun(x, offset + row * COLUMNS, Math.min(RUN_ROWS, rows - row), center, false, sums, squares);
        }
        int lanes = SPECIES.length();
        FloatVector c = FloatVector.broadcast(SPECIES, center);
        int lastRow = offset + rows * COLUMNS;
        int rest = length % COLUMNS;
        int column = 0;
        for (; column <= rest - lanes; column += lanes) {
            FloatVector d = FloatVector.fromArray(SPECIES, x, lastRow + column).sub(c);
            FloatVector.fromArray(SPECIES, sums, column).add(d).intoArray(sums, column);
            d.fma(d, FloatVector.fromArray(SPECIES, squares, column)).intoArray(squares, column);
        }
        for (; column < rest; column++) {
            float d = x[lastRow + column] - center;
            sums[column] += d;
            squares[column] = Math.fma(d, d, squares[column]);
        }
        for (int j = 0; j < FOLDED_COLUMNS; j += lanes) {
            fold(sums, j);
            fold(squares, j);
        }
    }

    /** @param first whether the sums are stored rather than added to the columns */
    private static void sumRun(
            float[] x, int offset, int rows, float center, boolean first, float[] sums, float[] squares) {
        int lanes = SPECIES.length();
        FloatVector c = FloatVector.broadcast(SPECIES, center);
        for (int column = 0; column < COLUMNS; column += 4 * lanes) {
            FloatVector sum0 = FloatVector.zero(SPECIES);
            FloatVector sum1 = FloatVector.zero(SPECIES);
            FloatVector sum2 = FloatVector.zero(SPECIES);
            FloatVector sum3 = FloatVector.zero(SPECIES);
            FloatVector square0 = FloatVector.zero(SPECIES);
            FloatVector square1 = FloatVector.zero(SPECIES);
            FloatVector square2 = FloatVector.zero(SPECIES);
            FloatVector square3 = FloatVector.zero(SPECIES);
            int start = offset + column;
            int end = start + rows * COLUMNS;
            for (int i = start; i < end; i += COLUMNS) {
                FloatVector d0 = FloatVector.fromArray(SPECIES, x, i).sub(c);
                FloatVector d1 = FloatVector.fromArray(SPECIES, x, i + lanes).sub(c);
                FloatVector d2 =
                        FloatVector.fromArray(SPECIES, x, i + 2 * lanes).sub(c);
                FloatVector d3 =
                        FloatVector.fromArray(SPECIES, x, i + 3 * lanes).sub(c);
                sum0 = sum0.add(d0);
                sum1 = sum1.add(d1);
                sum2 = sum2.add(d2);
                sum3 = sum3.add(d3);
                square0 = d0.fma(d0, square0);
                square1 = d1.fma(d1, square1);
                square2 = d2.fma(d2, square2);
                square3 = d3.fma(d3, square3);
            }
            put(first, sums, column, sum0);
            put(first, sums, column + lanes, sum1);
            put(first, sums, column + 2 * lanes, sum2);
            put(first, sums, column + 3 * lanes, sum3);
            put(first, squares, column, square0);
            put(first, squares, column + lanes, square1);
            put(first, squares, column + 2 * lanes, square2);
            put(first, squares, column + 3 * lanes, square3);
        }
    }

    private static void put(boolean first, float[] columns, int column, FloatVector sums) {
        if (first) {
            sums.intoArray(columns, column);
        } else {
            add(columns, column, sums);
        }
    }

    private static void add(float[] columns, int first, FloatVector sums) {
        FloatVector.fromArray(SPECIES, columns, first).add(sums).intoArray(columns, first);
    }

    private static void fold(float[] columns, int j) {
        FloatVector left = FloatVector.fromArray(SPECIES, columns, j)
                .add(FloatVector.fromArray(SPECIES, columns, j + FOLDED_COLUMNS));
        FloatVector right = FloatVector.fromArray(SPECIES, columns, j + 2 * FOLDED_COLUMNS)
                .add(FloatVector.fromArray(SPECIES, columns, j + 3 * FOLDED_COLUMNS));
        left.add(right).intoArray(columns, j);
    }

    @Override
    public void sumColumns(
            float[] x, int offset, int rows, int stride, int columns, float[] center, float[] sums, float[] squares) {
        Arrays.fill(sums, 0, columns, 0);
        Arrays.fill(squares, 0, columns, 0);
        for (int row = 0; row < rows; row += RUN_ROWS) {
            int runRows = Math.min(RUN_ROWS, rows - row);
            sumRunOfColumns(x, offset + row * stride, runRows, stride, columns, center, sums, squares);
        }
    }

    private static void sumRunOfColumns(
            float[] x, int offset, int rows, int stride, int columns, float[] center, float[] sums, float[] squares) {
        int lanes = SPECIES.length();
        int column = 0;
        for (; column <= columns - 4 * lanes; column += 4 * lanes) {
            FloatVector c0 = FloatVector.fromArray(SPECIES, center, column);
            FloatVector c1 = FloatVector.fromArray(SPECIES, center, column + lanes);
            FloatVector c2 = FloatVector.fromArray(SPECIES, center, column + 2 * lanes);
            FloatVector c3 = FloatVector.fromArray(SPECIES, center, column + 3 * lanes);
            FloatVector sum0 = FloatVector.zero(SPECIES);
            FloatVector sum1 = FloatVector.zero(SPECIES);
            FloatVector sum2 = FloatVector.zero(SPECIES);
            FloatVector sum3 = FloatVector.zero(SPECIES);
            FloatVector square0 = FloatVector.zero(SPECIES);
            FloatVector square1 = FloatVector.zero(SPECIES);
            FloatVector square2 = FloatVector.zero(SPECIES);
            FloatVector square3 = FloatVector.zero(SPECIES);
            for (int row = 0; row < rows; row++) {
                int i = offset + row * stride + column;
                FloatVector d0 = FloatVector.fromArray(SPECIES, x, i).sub(c0);
                FloatVector d1 = FloatVector.fromArray(SPECIES, x, i + lanes).sub(c1);
                FloatVector d2 =
                        FloatVector.fromArray(SPECIES, x, i + 2 * lanes).sub(c2);
                FloatVector d3 =
                        FloatVector.fromArray(SPECIES, x, i + 3 * lanes).sub(c3);
                sum0 = sum0.add(d0);
                sum1 = sum1.add(d1);
                sum2 = sum2.add(d2);
                sum3 = sum3.add(d3);
                square0 = d0.fma(d0, square0);
                square1 = d1.fma(d1, square1);
                square2 = d2.fma(d2, square2);
                square3 = d3.fma(d3, square3);
            }
            add(sums, column, sum0);
            add(sums, column + lanes, sum1);
            add(sums, column + 2 * lanes, sum2);
            add(sums, column + 3 * lanes, sum3);
            add(squares, column, square0);
            add(squares, column + lanes, square1);
            add(squares, column + 2 * lanes, square2);
            add(squares, column + 3 * lanes, square3);
        }
        for (; column <= columns - lanes; column += lanes) {
            FloatVector c = FloatVector.fromArray(SPECIES, center, column);
            FloatVector sum = FloatVector.zero(SPECIES);
            FloatVector square = FloatVector.zero(SPECIES);
            for (int row = 0; row < rows; row++) {
                FloatVector d = FloatVector.fromArray(SPECIES, x, offset + row * stride + column)
                        .sub(c);
                sum = sum.add(d);
                square = d.fma(d, square);
            }
            add(sums, column, sum);
            add(squares, column, square);
        }
        for (; column < columns; column++) {
            float sum = 0;
            float square = 0;
            for (int row = 0; row < rows; row++) {
                float d = x[offset + row * stride + column] - center[column];
                sum += d;
                square = Math.fma(d, d, square);
            }
            sums[column] += sum;
            squares[column] += square;
        }
    }

    @Override
    public void normalizeRuns(
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            int runs,
            int length,
            Coefficients coefficients,
            int first) {
        for (int run = 0; run < runs; run++) {
            float center = coefficients.center()[first + run];
            float scale = coefficients.scale()[first + run];
            float scaleLow = coefficients.scaleLow()[first + run];
            float shift = coefficients.shift()[first + run];
            int from = xOffset + run * length;
            int to = yOffset + run * length;
            if (length >= LONG_RUN) {
                normalizeLongRun(x, from, y, to, length, center, scale, scaleLow, shift);
            } else {
                normalizeShortRun(x, from, y, to, length, center, scale, scaleLow, shift);
            }
        }
    }

    // Separate loops for long and short runs, because the compiler optimizes a loop for the lengths that it has seen.

    /** Writes whole cache lines, except at both ends. The index counts in y, which takes the fewest instructions. */
    private static void normalizeLongRun(
            float[] x,
            int from,
            float[] y,
            int to,
            int length,
            float center,
            float scale,
            float scaleLow,
            float shift) {
        int lanes = SPECIES.length();
        FloatVector centers = FloatVector.broadcast(SPECIES, center);
        FloatVector scales = FloatVector.broadcast(SPECIES, scale);
        FloatVector scaleLows = FloatVector.broadcast(SPECIES, scaleLow);
        FloatVector shifts = FloatVector.broadcast(SPECIES, shift);
        // The first vector and the last four may overlap the others. They are read first, because y may be x.
        int head = (LINE_START - to) & (lanes - 1);
        int last = length - lanes;
        int whole = head + (length - head - 1) / (4 * lanes) * (4 * lanes);
        FloatVector h = FloatVector.fromArray(SPECIES, x, from).sub(centers);
        int tail0 = Math.min(whole, last);
        int tail1 = Math.min(whole + lanes, last);
        int tail2 = Math.min(whole + 2 * lanes, last);
        FloatVector t0 = FloatVector.fromArray(SPECIES, x, from + tail0).sub(centers);
        FloatVector t1 = FloatVector.fromArray(SPECIES, x, from + tail1).sub(centers);
        FloatVector t2 = FloatVector.fromArray(SPECIES, x, from + tail2).sub(centers);
        FloatVector t3 = FloatVector.fromArray(SPECIES, x, from + last).sub(centers);
        int ahead = from - to;
        int end = to + whole;
        for (int i = to + head; i < end; i += 4 * lanes) {
            FloatVector d0 = FloatVector.fromArray(SPECIES, x, i + ahead).sub(centers);
            FloatVector d1 =
                    FloatVector.fromArray(SPECIES, x, i + ahead + lanes).sub(centers);
            FloatVector d2 =
                    FloatVector.fromArray(SPECIES, x, i + ahead + 2 * lanes).sub(centers);
            FloatVector d3 =
                    FloatVector.fromArray(SPECIES, x, i + ahead + 3 * lanes).sub(centers);
            d0.fma(scales, d0.fma(scaleLows, shifts)).intoArray(y, i);
            d1.fma(scales, d1.fma(scaleLows, shifts)).intoArray(y, i + lanes);
            d2.fma(scales, d2.fma(scaleLows, shifts)).intoArray(y, i + 2 * lanes);
            d3.fma(scales, d3.fma(scaleLows, shifts)).intoArray(y, i + 3 * lanes);
        }
        h.fma(scales, h.fma(scaleLows, shifts)).intoArray(y, to);
        t0.fma(scales, t0.fma(scaleLows, shifts)).intoArray(y, to + tail0);
        t1.fma(scales, t1.fma(scaleLows, shifts)).intoArray(y, to + tail1);
        t2.fma(scales, t2.fma(scaleLows, shifts)).intoArray(y, to + tail2);
        t3.fma(scales, t3.fma(scaleLows, shifts)).intoArray(y, to + last);
    }

    private static void normalizeShortRun(
            float[] x,
            int from,
            float[] y,
            int to,
            int length,
            float center,
            float scale,
            float scaleLow,
            float shift) {
        int lanes = SPECIES.length();
        if (length < lanes) {
            for (int i = 0; i < length; i++) {
                float d = x[from + i] - center;
                y[to + i] = Math.fma(d, scale, Math.fma(d, scaleLow, shift));
            }
            return;
        }
        FloatVector centers = FloatVector.broadcast(SPECIES, center);
        FloatVector scales = FloatVector.broadcast(SPECIES, scale);
        FloatVector scaleLows = FloatVector.broadcast(SPECIES, scaleLow);
        FloatVector shifts = FloatVector.broadcast(SPECIES, shift);
        // Four vectors per step. The last four may overlap each other and the others. They are read first, because y
        // may be x.
        int last = length - lanes;
        int whole = (length - 1) / (4 * lanes) * (4 * lanes);
        int tail0 = Math.min(whole, last);
        int tail1 = Math.min(whole + lanes, last);
        int tail2 = Math.min(whole + 2 * lanes, last);
        FloatVector t0 = FloatVector.fromArray(SPECIES, x, from + tail0).sub(centers);
        FloatVector t1 = FloatVector.fromArray(SPECIES, x, from + tail1).sub(centers);
        FloatVector t2 = FloatVector.fromArray(SPECIES, x, from + tail2).sub(centers);
        FloatVector t3 = FloatVector.fromArray(SPECIES, x, from + last).sub(centers);
        for (int i = 0; i < whole; i += 4 * lanes) {
            FloatVector d0 = FloatVector.fromArray(SPECIES, x, from + i).sub(centers);
            FloatVector d1 = FloatVector.fromArray(SPECIES, x, from + i + lanes).sub(centers);
            FloatVector d2 =
                    FloatVector.fromArray(SPECIES, x, from + i + 2 * lanes).sub(centers);
            FloatVector d3 =
                    FloatVector.fromArray(SPECIES, x, from + i + 3 * lanes).sub(centers);
            d0.fma(scales, d0.fma(scaleLows, shifts)).intoArray(y, to + i);
            d1.fma(scales, d1.fma(scaleLows, shifts)).intoArray(y, to + i + lanes);
            d2.fma(scales, d2.fma(scaleLows, shifts)).intoArray(y, to + i + 2 * lanes);
            d3.fma(scales, d3.fma(scaleLows, shifts)).intoArray(y, to + i + 3 * lanes);
        }
        t0.fma(scales, t0.fma(scaleLows, shifts)).intoArray(y, to + tail0);
        t1.fma(scales, t1.fma(scaleLows, shifts)).intoArray(y, to + tail1);
        t2.fma(scales, t2.fma(scaleLows, shifts)).intoArray(y, to + tail2);
        t3.fma(scales, t3.fma(scaleLows, shifts)).intoArray(y, to + last);
    }

    @Override
    public void normalizeColumns(
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            int rows,
            int stride,
            int first,
            int columns,
            Coefficients coefficients) {
        int lanes = SPECIES.length();
        float[] center = coefficients.center();
        float[] scale = coefficients.scale();
        float[] scaleLow = coefficients.scaleLow();
        float[] shift = coefficients.shift();
        for (int row = 0; row < rows; row++) {
            int from = xOffset + row * stride;
            int to = yOffset + row * stride;
            int column = first;
            for (; column <= first + columns - lanes; column += lanes) {
                FloatVector d = FloatVector.fromArray(SPECIES, x, from + column)
                        .sub(FloatVector.fromArray(SPECIES, center, column));
                FloatVector low = d.fma(
                        FloatVector.fromArray(SPECIES, scaleLow, column),
                        FloatVector.fromArray(SPECIES, shift, column));
                d.fma(FloatVector.fromArray(SPECIES, scale, column), low).intoArray(y, to + column);
            }
            for (; column < first + columns; column++) {
                float d = x[from + column] - center[column];
                y[to + column] = Math.fma(d, scale[column], Math.fma(d, scaleLow[column], shift[column]));
            }
        }
    }

    @Override
    public void widen(short[] bfloat16, int offset, float[] y, int yOffset, int length) {
        // The compiler vectorizes this loop.
        for (int i = 0; i < length; i++) {
            y[yOffset + i] = Float.intBitsToFloat(bfloat16[offset + i] << 16);
        }
    }
}
