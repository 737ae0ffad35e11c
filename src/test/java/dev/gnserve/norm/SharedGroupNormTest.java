package dev.gnserve.norm;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How a call uses threads and memory. */
@Tag("kernel")
class SharedGroupNormTest {

    private static final GroupNormKernel KERNEL = GroupNormKernel.select().kernel();

    @ParameterizedTest
    @EnumSource
    void anyNumberOfThreadsGivesTheSameBits(MemoryFormat format) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(4);
        try {
            for (int batch : new int[] {1, 3}) {
                GroupNormShape shape = new GroupNormShape(batch, 70, 35, 1009, format);
                float[] input = input(shape);
                float[] expected = normalize(new GroupNorm(KERNEL), shape, input);
                for (int parallelism : new int[] {1, 2, 3, 5, 64}) {
                    GroupNorm shared = new GroupNorm(KERNEL, executor, parallelism);
                    for (int repeat = 0; repeat < 5; repeat++) {
                        assertThat(normalize(shared, shape, input)).isEqualTo(expected);
                    }
                }
            }
        } finally {
            executor.shutdown();
        }
    }

    @Test
    @Timeout(20)
    void anExecutorThatNeverRunsOrRefusesCostsSpeedOnly() {
        GroupNormShape shape = new GroupNormShape(4, 16, 8, 500, MemoryFormat.CONTIGUOUS);
        float[] input = input(shape);
        float[] expected = normalize(new GroupNorm(KERNEL), shape, input);
        Deque<Runnable> late = new ArrayDeque<>();

        assertThat(normalize(new GroupNorm(KERNEL, late::add, 4), shape, input)).isEqualTo(expected);
        assertThat(normalize(
                        new GroupNorm(
                                KERNEL,
                                task -> {
                                    throw new RejectedExecutionException("shut down");
                                },
                                4),
                        shape,
                        input))
                .isEqualTo(expected);

        assertThat(late).hasSize(3);
        late.forEach(Runnable::run);
    }

    @Test
    @Timeout(20)
    void callersInsideTheExecutorDoNotWaitForEachOther() throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(2);
        try {
            GroupNorm shared = new GroupNorm(KERNEL, executor, 3);
            GroupNormShape shape = new GroupNormShape(4, 16, 8, 500, MemoryFormat.CHANNELS_LAST);
            float[] input = input(shape);
            float[] expected = normalize(new GroupNorm(KERNEL), shape, input);
            for (int call = 0; call < 20; call++) {
                executor.execute(() -> normalize(shared, shape, input));
            }
            assertThat(executor.submit(() -> normalize(shared, shape, input)).get())
                    .isEqualTo(expected);
        } finally {
            executor.shutdown();
            assertThat(executor.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aCallAllocatesNothing() {
        GroupNorm operator = new GroupNorm(new ScalarGroupNormKernel());
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (MemoryFormat format : MemoryFormat.values()) {
            GroupNormShape shape = new GroupNormShape(2, 16, 8, 500, format);
            GroupNormParameters parameters = GroupNormParameters.withoutAffine(1e-5);
            float[] input = input(shape);
            float[] output = new float[shape.size()];
            operator.normalize(shape, parameters, input, output);

            long before = threads.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < 100; call++) {
                operator.normalize(shape, parameters, input, output);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;

            // Asking costs a few bytes itself.
            assertThat(allocated).isLessThan(1000);
        }
    }

    private static float[] normalize(GroupNorm operator, GroupNormShape shape, float[] input) {
        float[] output = new float[shape.size()];
        operator.normalize(shape, GroupNormParameters.withoutAffine(1e-5), input, output);
        return output;
    }

    private static float[] input(GroupNormShape shape) {
        Random random = new Random(1);
        float[] input = new float[shape.size()];
        for (int i = 0; i < input.length; i++) {
            input[i] = (float) random.nextGaussian() + 2;
        }
        return input;
    }
}
