package dev.gnserve.workshop.benchmark;

import com.sun.management.ThreadMXBean;
import dev.gnserve.norm.GroupNorm;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.MemoryFormat;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * The operator against the engine's group_norm and against a copy of the same memory, on one thread.
 *
 * <p>The three take turns within each round, so that whatever else the machine does hits them alike, and the median of
 * many rounds is reported. Shapes are those of backbones, heads and U-Nets.
 */
public final class GroupNormBenchmark {

    private static final List<Setting> SETTINGS = List.of(
            new Setting(1, 32, 256, 256, 8),
            new Setting(1, 64, 128, 128, 32),
            new Setting(1, 256, 200, 336, 32),
            new Setting(1, 256, 50, 84, 32),
            new Setting(8, 64, 64, 64, 32),
            new Setting(1, 512, 16, 16, 32),
            new Setting(1, 2048, 25, 42, 32),
            new Setting(1, 256, 7, 7, 32));

    private static final long WARM_UP_NANOS = 400_000_000;
    private static final long ROUND_NANOS = 1_000_000;
    private static final long SHAPE_NANOS = 3_000_000_000L;
    private static final int LEAST_ROUNDS = 25;

    private GroupNormBenchmark() {}

    private record Setting(int batch, int channels, int height, int width, int groups) {}

    /**
     * Median times of one shape.
     *
     * @param shape N, C, H, W
     * @param speedup how many times the engine takes as long as the operator
     * @param copies how many times the operator takes as long as a copy
     * @param oursBytes what a call of the operator allocates in the heap; its output is the caller's array
     */
    public record Row(
            List<Integer> shape,
            int groups,
            double oursMicros,
            double engineMicros,
            double copyMicros,
            double speedup,
            double copies,
            long oursBytes) {}

    /**
     * A whole run.
     *
     * @param kernel the operator's kernel
     * @param geometricMean of the speedups
     */
    public record Report(String kernel, String reason, List<Row> rows, double geometricMean) {}

    /** Measures every shape. */
    public static Report run() throws IOException {
        GroupNormKernel.Selection selection = GroupNormKernel.select();
        GroupNorm operator = new GroupNorm(selection.kernel());
        // Once for the compiler, which must have seen every shape, and once to count.
        for (Setting setting : SETTINGS) {
            measure(operator, setting, WARM_UP_NANOS, 1);
        }
        List<Row> rows = new ArrayList<>();
        double logarithms = 0;
        for (Setting setting : SETTINGS) {
            Row row = measure(operator, setting, SHAPE_NANOS, LEAST_ROUNDS);
            rows.add(row);
            logarithms += Math.log(row.speedup());
        }
        return new Report(selection.kernel().name(), selection.reason(), rows, Math.exp(logarithms / SETTINGS.size()));
    }

    private static Row measure(GroupNorm operator, Setting setting, long nanos, int leastRounds) throws IOException {
        GroupNormShape shape = new GroupNormShape(
                setting.batch(),
                setting.channels(),
                setting.groups(),
                setting.height() * setting.width(),
                MemoryFormat.CONTIGUOUS);
        Random random = new Random(1);
        float[] input = gaussian(shape.size(), random);
        float[] weight = gaussian(shape.channels(), random);
        float[] bias = gaussian(shape.channels(), random);
        GroupNormParameters parameters = new GroupNormParameters(GroupNormParameters.DEFAULT_EPSILON, weight, bias);
        float[] output = new float[shape.size()];
        float[] copy = new float[shape.size()];
        long[] axes = {setting.batch(), setting.channels(), setting.height(), setting.width()};
        try (EngineGroupNorm engine = new EngineGroupNorm(axes, setting.groups(), input, weight, bias)) {
            Runnable ours = () -> operator.normalize(shape, parameters, input, output);
            Runnable copying = () -> System.arraycopy(input, 0, copy, 0, input.length);
            ours.run();
            checkAgreement(output, engine.result());
            int calls = (int) Math.max(1, ROUND_NANOS / Math.max(1, nanosPerCall(engine::run, 3)));
            double[][] times = new double[3][(int) Math.max(leastRounds, Math.min(1000, nanos / ROUND_NANOS / 3))];
            int rounds = 0;
            long start = System.nanoTime();
            while (rounds < leastRounds || (rounds < times[0].length && System.nanoTime() - start < nanos)) {
                times[0][rounds] = nanosPerCall(ours, calls) / 1e3;
                times[1][rounds] = nanosPerCall(engine::run, calls) / 1e3;
                times[2][rounds] = nanosPerCall(copying, calls) / 1e3;
                rounds++;
            }
            double oursMicros = median(times[0], rounds);
            double engineMicros = median(times[1], rounds);
            double copyMicros = median(times[2], rounds);
            return new Row(
                    Arrays.stream(axes).mapToInt(Math::toIntExact).boxed().toList(),
                    setting.groups(),
                    oursMicros,
                    engineMicros,
                    copyMicros,
                    engineMicros / oursMicros,
                    oursMicros / copyMicros,
                    allocatedBytes(ours));
        }
    }

    /** A benchmark of two different things would be none. */
    private static void checkAgreement(float[] ours, float[] engines) {
        for (int i = 0; i < ours.length; i++) {
            if (!(Math.abs(ours[i] - engines[i]) <= 1e-4 * Math.max(1, Math.abs(ours[i])))) {
                throw new IllegalStateException(
                        "The engine computes " + engines[i] + " where the operator computes " + ours[i]);
            }
        }
    }

    private static double nanosPerCall(Runnable call, int calls) {
        long start = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            call.run();
        }
        return (double) (System.nanoTime() - start) / calls;
    }

    /** The least of several calls: the compiler may allocate in one of them. */
    private static long allocatedBytes(Runnable call) {
        ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < LEAST_ROUNDS; i++) {
            long before = thread.getCurrentThreadAllocatedBytes();
            call.run();
            least = Math.min(least, thread.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    private static double median(double[] values, int count) {
        double[] sorted = Arrays.copyOf(values, count);
        Arrays.sort(sorted);
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    }

    private static float[] gaussian(int size, Random random) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
