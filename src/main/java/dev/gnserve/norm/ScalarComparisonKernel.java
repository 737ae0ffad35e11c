package dev.gnserve.norm;

/** The comparison kernel in plain Java. */
final class ScalarComparisonKernel implements ComparisonKernel {

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public void sumDeviations(float[] x, int offset, int length, double center, double[] sums) {
        // Two values at a time, so that an addition does not wait for the one before.
        double sum0 = 0;
        double sum1 = 0;
        double square0 = 0;
        double square1 = 0;
        int end = offset + length;
        int i = offset;
        for (; i < end - 1; i += 2) {
            double d0 = x[i] - center;
            double d1 = x[i + 1] - center;
            sum0 += d0;
            sum1 += d1;
            square0 = Math.fma(d0, d0, square0);
            square1 = Math.fma(d1, d1, square1);
        }
        if (i < end) {
            double d = x[i] - center;
            sum0 += d;
            square0 = Math.fma(d, d, square0);
        }
        sums[0] = sum0 + sum1;
        sums[1] = square0 + square1;
    }

    @Override
    public int firstBeyond(float[] x, float[] y, int offset, int length, Limit limit) {
        int end = offset + length;
        int i = offset;
        while (i < end && limit.keeps(x[i], y[i])) {
            i++;
        }
        return i;
    }
}
