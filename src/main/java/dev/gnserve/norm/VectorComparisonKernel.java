package dev.gnserve.norm;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The comparison kernel in the Vector API, one hidden copy per width; see {@link VectorKernels}. */
final class VectorComparisonKernel implements ComparisonKernel {

    private static final int BITS =
            VectorKernels.species(MethodHandles.lookup()).vectorBitSize();

    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, VectorShape.forBitSize(BITS));

    /** As many float32 values as {@link #DOUBLES} has lanes. */
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS / 2));

    private VectorComparisonKernel() {}

    @Override
    public String name() {
        return "vector-" + BITS;
    }

    @Override
    public void sumDeviations(float[] x, int offset, int length, double center, double[] sums) {
        int lanes = DOUBLES.length();
        DoubleVector c = DoubleVector.broadcast(DOUBLES, center);
        DoubleVector sum0 = DoubleVector.zero(DOUBLES);
        DoubleVector sum1 = DoubleVector.zero(DOUBLES);
        DoubleVector square0 = DoubleVector.zero(DOUBLES);
        DoubleVector square1 = DoubleVector.zero(DOUBLES);
        int end = offset + length;
        int i = offset;
        for (; i <= end - 2 * lanes; i += 2 * lanes) {
            DoubleVector d0 = widened(x, i).sub(c);
            DoubleVector d1 = widened(x, i + lanes).sub(c);
            sum0 = sum0.add(d0);
            sum1 = sum1.add(d1);
            square0 = d0.fma(d0, square0);
            square1 = d1.fma(d1, square1);
        }
        double sum = sum0.add(sum1).reduceLanes(VectorOperators.ADD);
        double square = square0.add(square1).reduceLanes(VectorOperators.ADD);
        for (; i < end; i++) {
            double d = x[i] - center;
            sum += d;
            square = Math.fma(d, d, square);
        }
        sums[0] = sum;
        sums[1] = square;
    }

    @Override
    public int firstBeyond(float[] x, float[] y, int offset, int length, Limit limit) {
        int lanes = DOUBLES.length();
        DoubleVector mean = DoubleVector.broadcast(DOUBLES, limit.mean());
        DoubleVector scale = DoubleVector.broadcast(DOUBLES, limit.scale());
        DoubleVector shift = DoubleVector.broadcast(DOUBLES, limit.shift());
        DoubleVector base = DoubleVector.broadcast(DOUBLES, limit.base());
        DoubleVector slope = DoubleVector.broadcast(DOUBLES, limit.slope());
        DoubleVector share = DoubleVector.broadcast(DOUBLES, limit.share());
        int end = offset + length;
        int i = offset;
        for (; i <= end - 2 * lanes; i += 2 * lanes) {
            VectorMask<Double> kept = kept(x, y, i, mean, scale, shift, base, slope, share)
                    .and(kept(x, y, i + lanes, mean, scale, shift, base, slope, share));
            if (!kept.allTrue()) {
                break; // The loop below finds the exact index.
            }
        }
        while (i < end && limit.keeps(x[i], y[i])) {
            i++;
        }
        return i;
    }

    private static VectorMask<Double> kept(
            float[] x,
            float[] y,
            int i,
            DoubleVector mean,
            DoubleVector scale,
            DoubleVector shift,
            DoubleVector base,
            DoubleVector slope,
            DoubleVector share) {
        DoubleVector d = widened(x, i).sub(mean);
        DoubleVector expected = d.fma(scale, shift);
        DoubleVector allowed = expected.abs().fma(share, d.abs().fma(slope, base));
        return widened(y, i).sub(expected).abs().compare(VectorOperators.LE, allowed);
    }

    private static DoubleVector widened(float[] x, int i) {
        return (DoubleVector) FloatVector.fromArray(HALF, x, i).castShape(DOUBLES, 0);
    }
}
