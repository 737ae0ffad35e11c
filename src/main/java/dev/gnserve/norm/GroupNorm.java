package dev.gnserve.norm;

import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The Group Normalization operator: {@code y = (x - mean) / sqrt(variance + epsilon) * weight + bias} over the groups of a
 * {@link GroupNormShape}, with float32 or bfloat16 input and float32 output in the caller's arrays. Thread-safe.
 *
 * <p>Accuracy: for weights near 1, the result is within {@code 4 u max(|y|, 1) + u |bias|} of the exact result, with
 * {@code u = 2^-24}, for every ratio of mean to deviation. The float64 statistics have a relative error near 1e-8. NaN or infinity
 * makes its whole group NaN, and no other group. A group whose deviation float32 cannot square (below 1e-15 or above 1e15) is
 * computed in float64.
 *
 * <p>The bits of a group's result depend on its values alone: not on the batch, the place in the batch, the number of threads or
 * the kernel. See docs/decisions/0001-groupnorm-operator.md.
 *
 * <p>After the first call of a thread, a call allocates nothing, except a few small objects if it uses several threads.
 */
public final class GroupNorm {

    private static final int MAX_IDLE = 64;

    private final GroupNormKernel kernel;
    private final @Nullable Executor executor;
    private final int parallelism;

    /** Normalizers that are not in use, with their scratch memory. */
    private final ArrayBlockingQueue<UnitNormalizer> idle = new ArrayBlockingQueue<>(MAX_IDLE);

    /** An operator that uses the calling thread only. */
    public GroupNorm(GroupNormKernel kernel) {
        this(kernel, null, 1);
    }

    /**
     * An operator that shares the groups of a call between the calling thread and an executor. If the executor is busy or shut
     * down, the calling thread does the work of the others.
     *
     * @param parallelism number of threads that may work on one call, the calling thread included
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
     * @param statistics receives the mean and rstd of each group; or null
     * @throws IllegalArgumentException if weight, bias or statistics do not fit the shape, or if input and output overlap
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
     * Normalizes bfloat16 values, each the upper 16 bits of a float32. Computation and output are float32; the rest is as for
     * float32 input.
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
        UnitNormalizer own = borrow();
        try {
            own.begin(shape, parameters, input, bfloat16, inputOffset, output, outputOffset, statistics, workers);
            if (executor == null || own.units() < 2) {
                for (int unit = 0; unit < own.units(); unit++) {
                    own.normalizeUnit(unit);
                }
            } else {
                SharedUnits units = new SharedUnits(own.units());
                for (int other = 1; other < Math.min(workers, own.units()); other++) {
                    UnitNormalizer normalizer = borrow();
                    normalizer.begin(
                            shape, parameters, input, bfloat16, inputOffset, output, outputOffset, statistics, workers);
                    execute(executor, units, normalizer);
                }
                units.normalize(own);
                units.await();
            }
        } finally {
            giveBack(own);
        }
    }

    private void execute(Executor executor, SharedUnits units, UnitNormalizer normalizer) {
        try {
            executor.execute(() -> {
                try {
                    units.normalize(normalizer);
                } finally {
                    giveBack(normalizer);
                }
            });
        } catch (RejectedExecutionException e) {
            giveBack(normalizer);
        }
    }

    private UnitNormalizer borrow() {
        UnitNormalizer normalizer = idle.poll();
        return normalizer == null ? new UnitNormalizer(kernel) : normalizer;
    }

    private void giveBack(UnitNormalizer normalizer) {
        normalizer.end();
        idle.offer(normalizer);
    }
}
