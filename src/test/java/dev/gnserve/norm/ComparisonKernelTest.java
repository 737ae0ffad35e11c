package dev.gnserve.norm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every comparison kernel: exact limits, and statistics within their bound. */
@Tag("kernel")
@ParameterizedClass(name = "{0}")
@MethodSource("kernels")
class ComparisonKernelTest {

    private static final ComparisonKernel.Limit LIMIT = new ComparisonKernel.Limit(0.25, 1.5, -0.5, 1e-6, 2e-7, 3e-7);

    @Parameter
    ComparisonKernel kernel;

    static Stream<ComparisonKernel> kernels() {
        return Kernels.comparison();
    }

    static IntStream lengths() {
        return IntStream.concat(IntStream.rangeClosed(0, 67), IntStream.of(127, 128, 129, 251, 1021, 2048, 4099));
    }

    @ParameterizedTest
    @MethodSource("lengths")
    void findsTheFirstValueBeyondTheLimitWhereverItIs(int length) {
        int offset = 3;
        float[] x = gaussian(length + 2 * offset, length, 0, 1);
        float[] y = sound(x);
        // The surrounding values must not be read.
        Arrays.fill(y, 0, offset, Float.NaN);
        Arrays.fill(y, offset + length, y.length, Float.NaN);

        assertThat(kernel.firstBeyond(x, y, offset, length, LIMIT)).isEqualTo(offset + length);
        for (int i = offset; i < offset + length; i += length < 128 ? 1 : 61) {
            for (float wrong : new float[] {y[i] + 1e-3f, y[i] - 1e-3f, Float.NaN, Float.POSITIVE_INFINITY}) {
                float kept = y[i];
                y[i] = wrong;
                assertThat(kernel.firstBeyond(x, y, offset, length, LIMIT)).isEqualTo(i);
                y[i] = kept;
            }
        }
    }

    @Test
    void stopsWhereTheScalarKernelStopsWhenManyAreNearTheLimit() {
        float[] x = gaussian(4099, 1, 0, 1);
        float[] y = sound(x);
        Random random = new Random(2);
        for (int i = 0; i < y.length; i++) {
            y[i] += (float) ((random.nextDouble() - 0.5) * 3e-6);
        }
        ScalarComparisonKernel scalar = new ScalarComparisonKernel();
        int stops = 0;
        for (int i = 0; i < x.length; i++) {
            int found = kernel.firstBeyond(x, y, i, x.length - i, LIMIT);
            assertThat(found).isEqualTo(scalar.firstBeyond(x, y, i, x.length - i, LIMIT));
            stops += found == i ? 1 : 0;
        }
        assertThat(stops).isBetween(100, 4000);
    }

    @Test
    void aLimitThatIsNoNumberStopsAtOnce() {
        float[] x = gaussian(100, 1, 0, 1);

        assertThat(kernel.firstBeyond(x, x, 0, 100, new ComparisonKernel.Limit(0, 1, 0, Double.NaN, 0, 0)))
                .isZero();
        assertThat(kernel.firstBeyond(x, x, 0, 100, new ComparisonKernel.Limit(Double.NaN, 1, 0, 1, 0, 0)))
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1, 100, 1e4, -1e4, 1e8})
    void statisticsOfTheReferenceLieWithinTheBound(double mean) {
        for (int size : new int[] {1, 2, 15, 16, 17, 49, 1021, 4096, 65537}) {
            assertWithinTheBound(gaussian(size, size, mean, 1), 1e-5);
            assertWithinTheBound(gaussian(size, size, mean, 1e-3), 1e-5);
        }
    }

    @Test
    void statisticsOfConstantBorderedAndExtremeGroupsLieWithinTheBound() {
        float[] constant = new float[1025];
        Arrays.fill(constant, -3.1f);
        assertWithinTheBound(constant, 1e-5);
        float[] bordered = gaussian(8192, 3, 1000, 1);
        Arrays.fill(bordered, 0, 512, 0);
        assertWithinTheBound(bordered, 1e-5);
        float[] outlier = gaussian(8192, 4, 0, 1);
        outlier[0] = 1e30f; // In the sample of which the center is the mean.
        assertWithinTheBound(outlier, 1e-5);
        assertWithinTheBound(gaussian(100, 5, 0, 1e-20), 0);
        assertWithinTheBound(gaussian(100, 6, 0, 1e30), 0);
    }

    /** The bound also holds for the exact sums, and it is small enough to be useful. */
    @Test
    void exactStatisticsLieWithinTheBound() {
        for (double mean : new double[] {0, 10, 1e4}) {
            float[] x = gaussian(3001, 7, mean, 1);
            BigDecimal n = new BigDecimal(x.length);
            BigDecimal sum = BigDecimal.ZERO;
            for (float value : x) {
                sum = sum.add(new BigDecimal(value));
            }
            BigDecimal exactMean = sum.divide(n, MathContext.DECIMAL128);
            BigDecimal squares = BigDecimal.ZERO;
            for (float value : x) {
                squares = squares.add(new BigDecimal(value).subtract(exactMean).pow(2));
            }
            double rstd =
                    1 / Math.sqrt(squares.divide(n, MathContext.DECIMAL128).doubleValue());

            BoundedStatistics statistics = BoundedStatistics.of(kernel, x, 0, x.length, 0);

            double distance = Math.abs(
                    new BigDecimal(statistics.mean()).subtract(exactMean).doubleValue());
            assertThat(distance * rstd / statistics.k() + Math.abs(statistics.rstd() / rstd - 1))
                    .isLessThanOrEqualTo(statistics.error());
            assertThat(statistics.error()).isLessThan(1e-10);
        }
    }

    @Test
    void whatIsNotFiniteHasNoBound() {
        for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] x = gaussian(1000, 8, 0, 1);
            x[777] = value;
            assertThat(BoundedStatistics.of(kernel, x, 0, x.length, 1e-5).error())
                    .isNaN();
        }
        assertThat(BoundedStatistics.of(kernel, new float[10], 0, 10, 0).error())
                .isNaN();
    }

    private void assertWithinTheBound(float[] x, double epsilon) {
        GroupNormReference reference = new GroupNormReference(
                new GroupNormShape(1, 1, 1, x.length, MemoryFormat.CONTIGUOUS),
                GroupNormParameters.withoutAffine(epsilon));
        GroupNormStatistics exact = reference.statistics(x, 0);

        BoundedStatistics statistics = BoundedStatistics.of(kernel, x, 0, x.length, epsilon);

        double rstd = exact.rstd()[0];
        if (!Double.isNaN(statistics.error())) {
            assertThat(Math.abs(statistics.mean() - exact.mean()[0]) * rstd / statistics.k()
                            + Math.abs(statistics.rstd() / rstd - 1))
                    .isLessThanOrEqualTo(statistics.error());
            assertThat(statistics.k())
                    .isCloseTo(Math.sqrt(1 + Math.pow(exact.mean()[0] * rstd, 2)), within(statistics.k() * 1e-6));
        }
    }

    /** Results within the limit, rounded to float32. */
    private static float[] sound(float[] x) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = (float) ((x[i] - LIMIT.mean()) * LIMIT.scale() + LIMIT.shift());
        }
        return y;
    }

    private static float[] gaussian(int size, long seed, double mean, double deviation) {
        Random random = new Random(seed);
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return values;
    }
}
