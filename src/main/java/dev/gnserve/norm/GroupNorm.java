package dev.gnserve.norm;

import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The Group Normalization operator: {@code y = (x - mean) / sqrt(variance + epsilon) * weight + bias} over the groups of a
 * {@link GroupNormShape}, on float32 or bfloat16 input and float32 output in the caller's arrays.
 *
 * <p>Accuracy: within {@code 4 u max(|y|, 1)} of the exact result for weights near 1, plus {@code u |bias|}, with
 * {@code u = 2^-24}, whatever the ratio of mean to deviation; float64 statistics with a relative error near 1e-8. A NaN or
 * an infinity makes its own group NaN and no other. A group whose deviation leaves what float32 can square (1e-15 to 1e15)
 * is computed in float64.
 *
 * <p>The result of a group depends on its values alone, to the last bit: not on the batch, its place in it, the number of
 * threads, or the kernel. docs/decisions/0001-groupnorm-operator.md says how and why.
 *
 * <p>Safe for concurrent use. Nothing is allocated per call (after a thread's first), except a few small objects where
 * the work is shared between threads.
 */
public final class GroupNorm {

    private static final int IDLE_PASSES = 64;

    private final GroupNormKernel kernel;
    private final @Nullable Executor executor;
    private final int parallelism;
    /** Passes that nobody uses now, with their scratch memory. */
    private final ArrayBlockingQueue<UnitNormalizer> idle = new ArrayBlockingQueue<>(IDLE_PASSES);

    /** An operator that works on the calling thread. */
    public GroupNorm(GroupNormKernel kernel) {
        this(kernel, null, 1);
    }

    /**
     * An operator that shares the groups of a call between the calling thread and an executor. A busy or shut down executor
     * costs speed only: the calling thread does what nobody else has begun.
     *
     * @param parallelism how many threads may work on one call, the calling one included
     */
    public GroupNorm(GroupNormKernel kernel, @Nullable Executor executor, int parallelism) {
        if (parallelism < 1) {
            throw new IllegalArgumentException("Expected a parallelism of at least 1, got " + parallelism);
        }
        this.kernel = kernel;
        this.executor = executor;
        this.parallelism = executor == null ? 1 : parallelism;
    }

    public GroupNormKernel kernel() {
        return kernel;
    }

    /** Normalizes a whole array, as {@link #normalize(GroupNormShape, GroupNormParameters, float[], int, float[], int, GroupNormStatistics)}. */
    public void normalize(GroupNormShape shape, GroupNormParameters parameters, float[] input, float[] output) {
        normalize(shape, parameters, input, 0, output, 0, null);
    }

    /**
     * Normalizes float32 values.
     *
     * @param output may be the input at the same offset
     * @param statistics takes the mean and rstd of each group, if given
     * @throws IllegalArgumentException if weight, bias or statistics do not fit the shape, or input and output overlap
     *     without being the same
     * @throws IndexOutOfBoundsException if the input or the output is too short for the shape
     */
    public void normalize(
            GroupNormShape shape,
            GroupNormParameters parameters,
            float[] input,
            int inputOffset,
            float[] output,
            int outputOffset,
            @Nullable GroupNormStatistics statistics) {
        Objects.checkFromIndexSize(inputOffset, shape.size(), input.length);
        if (input == output
                && inputOffset != outputOffset
                && Math.abs((long) inputOffset - outputOffset) < shape.size()) {
            throw new IllegalArgumentException("Expected input and output to be the same or apart, but " + shape.size()
                    + " values at " + inputOffset + " and at " + outputOffset + " of one array overlap");
        }
        run(shape, parameters, input, null, inputOffset, output, outputOffset, statistics);
    }

    /**
     * Normalizes bfloat16 values, each the upper 16 bits of a float32; all computation and the output are float32. The
     * rest is as for float32 input.
     */
    public void normalize(
            GroupNormShape shape,
            GroupNormParameters parameters,
            short[] bfloat16,
            int inputOffset,
            float[] output,
            int outputOffset,
            @Nullable GroupNormStatistics statistics) {
        Objects.checkFromIndexSize(inputOffset, shape.size(), bfloat16.length);
        run(shape, parameters, output, bfloat16, inputOffset, output, outputOffset, statistics);
    }

    private void run(
            GroupNormShape shape,
            GroupNormParameters parameters,
            float[] input,
            short @Nullable [] bfloat16,
            int inputOffset,
            float[] output,
            int outputOffset,
            @Nullable GroupNormStatistics statistics) {
        Objects.checkFromIndexSize(outputOffset, shape.size(), output.length);
        parameters.check(shape);
        if (statistics != null) {
            statistics.check(shape);
        }
        int workers = executor == null ? 1 : parallelism;
        UnitNormalizer pass = borrow();
        try {
            pass.begin(shape, parameters, input, bfloat16, inputOffset, output, outputOffset, statistics, workers);
            if (executor == null || pass.units() < 2) {
                for (int unit = 0; unit < pass.units(); unit++) {
                    pass.normalizeUnit(unit);
                }
            } else {
                SharedUnits units = new SharedUnits(pass.units());
                for (int helper = 1; helper < Math.min(workers, pass.units()); helper++) {
                    UnitNormalizer helping = borrow();
                    helping.begin(
                            shape, parameters, input, bfloat16, inputOffset, output, outputOffset, statistics, workers);
                    help(executor, units, helping);
                }
                units.take(pass);
                units.await();
            }
        } finally {
            giveBack(pass);
        }
    }

    private void help(Executor executor, SharedUnits units, UnitNormalizer pass) {
        try {
            executor.execute(() -> {
                try {
                    units.take(pass);
                } finally {
                    giveBack(pass);
                }
            });
        } catch (RejectedExecutionException e) {
            giveBack(pass);
        }
    }

    private UnitNormalizer borrow() {
        UnitNormalizer pass = idle.poll();
        return pass == null ? new UnitNormalizer(kernel) : pass;
    }

    private void giveBack(UnitNormalizer pass) {
        pass.end();
        idle.offer(pass);
    }
}
