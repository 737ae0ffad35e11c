package dev.gnserve.verification;

import dev.gnserve.archive.TensorType;
import dev.gnserve.norm.GroupNorm;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.MemoryFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The layer checks of one run, screened and exact, on one thread; docs/measurements/benchmarks.md says how to run it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xmx1g", "--add-modules=jdk.incubator.vector"})
public class LayerCheckJmh {

    /** Calls of a run, each C, H, W, G. */
    public enum Calls {
        /** At 256 x 256. */
        NUCLEI_UNET("16,256,256,8 16,256,256,8 16,256,256,8 16,256,256,8 32,128,128,8 32,128,128,8 32,128,128,8"
                + " 32,128,128,8 64,64,64,8 64,64,64,8 64,64,64,8 64,64,64,8 64,32,32,8 64,32,32,8 64,32,32,8 64,32,32,8"
                + " 96,16,16,8 96,16,16,8"),
        /** At 480 x 640. */
        BLOODCELL_FCOS("16,240,320,8 32,120,160,8 32,120,160,8 64,60,80,8 64,60,80,8 64,60,80,8 64,60,80,8 96,30,40,8"
                + " 96,30,40,8 64,30,40,8 64,30,40,8 128,15,20,8 128,15,20,8 64,15,20,8 64,15,20,8"),
        /** Of a detector with 32 groups, which most networks have. */
        HEAD_OF_32_GROUPS("256,50,84,32");

        private final String shapes;

        Calls(String shapes) {
            this.shapes = shapes;
        }
    }

    @Param
    public Calls calls = Calls.NUCLEI_UNET;

    private final List<Supplier<WorstElement>> screened = new ArrayList<>();
    private final List<Supplier<WorstElement>> exact = new ArrayList<>();

    @Setup
    public void fill() {
        Random random = new Random(1);
        for (String shape : calls.shapes.split(" ", -1)) {
            add(Arrays.stream(shape.split(",", -1)).mapToInt(Integer::parseInt).toArray(), random);
        }
    }

    private void add(int[] n, Random random) {
        GroupNormShape shape = new GroupNormShape(1, n[0], n[3], n[1] * n[2], MemoryFormat.CONTIGUOUS);
        GroupNormParameters parameters = new GroupNormParameters(
                GroupNormParameters.DEFAULT_EPSILON, gaussian(n[0], random), gaussian(n[0], random));
        float[] input = gaussian(shape.size(), random);
        float[] output = new float[input.length];
        GroupNormKernel.Selection kernels = GroupNormKernel.select();
        new GroupNorm(kernels.kernel()).normalize(shape, parameters, input, output);
        // Errors as the engine makes them.
        for (int i = 0; i < output.length; i++) {
            output[i] += (random.nextInt(5) - 2) * Math.ulp(output[i]);
        }
        Tolerance tolerance = Tolerance.of(TensorType.FLOAT32, true, shape.positions());
        ScreenedComparison screen =
                new ScreenedComparison(input, output, shape, parameters, tolerance, kernels.comparison());
        ExactComparison comparison = new ExactComparison(input, output, shape, parameters, tolerance);
        screened.add(() -> screen.worst(false));
        exact.add(() -> IntStream.range(0, shape.totalGroups())
                .mapToObj(comparison::worst)
                .reduce(WorstElement.NONE, WorstElement::of));
    }

    @Benchmark
    public Object screened() {
        return screened.stream().map(Supplier::get).toList();
    }

    @Benchmark
    public Object exact() {
        return exact.stream().map(Supplier::get).toList();
    }

    private static float[] gaussian(int size, Random random) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
