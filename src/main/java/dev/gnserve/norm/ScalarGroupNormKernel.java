package dev.gnserve.norm;

import java.util.Arrays;

/** The kernel in plain Java: the one to read, and the one that runs without the Vector API. */
final class ScalarGroupNormKernel implements GroupNormKernel {

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public void sumBlock(float[] x, int offset, int length, float center, float[] sums, float[] squares) {
        Arrays.fill(sums, 0, COLUMNS, 0);
        Arrays.fill(squares, 0, COLUMNS, 0);
        int rows = length / COLUMNS;
        for (int row = 0; row < rows; row += RUN_ROWS) {
            sumRun(x, offset + row * COLUMNS, Math.min(RUN_ROWS, rows - row), center, sums, squares);
        }
        int lastRow = offset + rows * COLUMNS;
        for (int column = 0; column < length % COLUMNS; column++) {
            float d = x[lastRow + column] - center;
            sums[column] += d;
            squares[column] = Math.fma(d, d, squares[column]);
        }
        fold(sums);
        fold(squares);
    }

    private static void sumRun(float[] x, int offset, int rows, float center, float[] sums, float[] squares) {
        for (int column = 0; column < COLUMNS; column += 4) {
            // Four columns at a time, so that an addition does not wait for the one before.
            float sum0 = 0;
            float sum1 = 0;
            float sum2 = 0;
            float sum3 = 0;
            float square0 = 0;
            float square1 = 0;
            float square2 = 0;
            float square3 = 0;
            int start = offset + column;
            int end = start + rows * COLUMNS;
            for (int i = start; i < end; i += COLUMNS) {
                float d0 = x[i] - center;
                float d1 = x[i + 1] - center;
                float d2 = x[i + 2] - center;
                float d3 = x[i + 3] - center;
                sum0 += d0;
                sum1 += d1;
                sum2 += d2;
                sum3 += d3;
                square0 = Math.fma(d0, d0, square0);
                square1 = Math.fma(d1, d1, square1);
                square2 = Math.fma(d2, d2, square2);
                square3 = Math.fma(d3, d3, square3);
            }
            sums[column] += sum0;
            sums[column + 1] += sum1;
            sums[column + 2] += sum2;
            sums[column + 3] += sum3;
            squares[column] += square0;
            squares[column + 1] += square1;
            squares[column + 2] += square2;
            squares[column + 3] += square3;
        }
    }

    private static void fold(float[] columns) {
        for (int j = 0; j < FOLDED_COLUMNS; j++) {
            columns[j] = (columns[j] + columns[j + FOLDED_COLUMNS])
                    + (columns[j + 2 * FOLDED_COLUMNS] + columns[j + 3 * FOLDED_COLUMNS]);
        }
    }

    @Override
    public void sumColumns(
            float[] x, int offset, int rows, int stride, int columns, float[] center, float[] sums, float[] squares) {
        Arrays.fill(sums, 0, columns, 0);
        Arrays.fill(squares, 0, columns, 0);
        for (int row = 0; row < rows; row += RUN_ROWS) {
            int start = offset + row * stride;
            int end = start + Math.min(RUN_ROWS, rows - row) * stride;
            for (int column = 0; column < columns; column++) {
                float sum = 0;
                float square = 0;
                for (int i = start; i < end; i += stride) {
                    float d = x[i + column] - center[column];
                    sum += d;
                    square = Math.fma(d, d, square);
                }
                sums[column] += sum;
                squares[column] += square;
            }
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
            for (int i = 0; i < length; i++) {
                float d = x[from + i] - center;
                y[to + i] = Math.fma(d, scale, Math.fma(d, scaleLow, shift));
            }
        }
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
        float[] center = coefficients.center();
        float[] scale = coefficients.scale();
        float[] scaleLow = coefficients.scaleLow();
        float[] shift = coefficients.shift();
        for (int row = 0; row < rows; row++) {
            int from = xOffset + row * stride;
            int to = yOffset + row * stride;
            for (int column = first; column < first + columns; column++) {
                float d = x[from + column] - center[column];
                y[to + column] = Math.fma(d, scale[column], Math.fma(d, scaleLow[column], shift[column]));
            }
        }
    }

    @Override
    public void widen(short[] bfloat16, int offset, float[] y, int yOffset, int length) {
        for (int i = 0; i < length; i++) {
            y[yOffset + i] = Float.intBitsToFloat(bfloat16[offset + i] << 16);
        }
    }
}
