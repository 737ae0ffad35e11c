package dev.gnserve.verification;

import dev.gnserve.archive.TensorType;
import dev.gnserve.norm.GroupNorm;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.MemoryFormat;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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

/** Layer checks of the embedded models' shapes, screened and exact, on one thread; docs/benchmarks.md says how to run it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xmx1g", "--add-modules=jdk.incubator.vector"})
public class LayerCheckJmh {

    /** C, H, W, G: nuclei-unet-gn at 256 x 256, bloodcell-fcos-gn at 480 x 640, and 32 groups, which most networks have. */
    @Param({
        "16,256,256,8",
        "32,128,128,8",
        "64,64,64,8",
        "64,32,32,8",
        "96,16,16,8",
        "16,240,320,8",
        "64,60,80,8",
        "128,15,20,8",
        "256,50,84,32"
    })
    public String shape = "";

    private ScreenedComparison screened;
    private ExactComparison exact;
    private int groups;

    @Setup
    public void fill() {
        int[] n =
                Arrays.stream(shape.split(",", -1)).mapToInt(Integer::parseInt).toArray();
        GroupNormShape all = new GroupNormShape(1, n[0], n[3], n[1] * n[2], MemoryFormat.CONTIGUOUS);
        Random random = new Random(1);
        GroupNormParameters parameters = new GroupNormParameters(
                GroupNormParameters.DEFAULT_EPSILON, gaussian(n[0], random), gaussian(n[0], random));
        float[] input = gaussian(all.size(), random);
        float[] output = new float[input.length];
        GroupNormKernel kernel = GroupNormKernel.select().kernel();
        new GroupNorm(kernel).normalize(all, parameters, input, output);
        // Errors as the engine makes them.
        for (int i = 0; i < output.length; i++) {
            output[i] += (random.nextInt(5) - 2) * Math.ulp(output[i]);
        }
        Tolerance tolerance = Tolerance.of(TensorType.FLOAT32, true, all.positions());
        screened = new ScreenedComparison(input, output, all, parameters, tolerance, kernel);
        exact = new ExactComparison(input, output, all, parameters, tolerance);
        groups = all.totalGroups();
    }

    @Benchmark
    public Object screened() {
        return screened.worst(false);
    }

    @Benchmark
    public Object exact() {
        return IntStream.range(0, groups).mapToObj(exact::worst).reduce(Worst.NONE, Worst::of);
    }

    private static float[] gaussian(int size, Random random) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
