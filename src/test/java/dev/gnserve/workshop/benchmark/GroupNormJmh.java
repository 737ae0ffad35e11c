package dev.gnserve.workshop.benchmark;

import dev.gnserve.norm.GroupNorm;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.MemoryFormat;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The operator, the engine's group_norm and a copy; docs/measurements/benchmarks.md says how to run it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xmx1g", "--add-modules=jdk.incubator.vector"})
public class GroupNormJmh {

    /** N, C, H, W, G. */
    @Param({
        "1,32,256,256,8",
        "1,64,128,128,32",
        "1,256,200,336,32",
        "1,256,50,84,32",
        "8,64,64,64,32",
        "1,512,16,16,32",
        "1,2048,25,42,32",
        "1,256,7,7,32"
    })
    public String shape = "";

    private final GroupNorm operator = new GroupNorm(GroupNormKernel.select().kernel());
    private GroupNormShape groupNormShape;
    private GroupNormParameters parameters;
    private float[] input;
    private float[] output;
    private EngineGroupNorm engineGroupNorm;

    @Setup
    public void fill() throws IOException {
        int[] n =
                Arrays.stream(shape.split(",", -1)).mapToInt(Integer::parseInt).toArray();
        groupNormShape = new GroupNormShape(n[0], n[1], n[4], n[2] * n[3], MemoryFormat.CONTIGUOUS);
        Random random = new Random(1);
        input = gaussian(groupNormShape.size(), random);
        output = new float[input.length];
        float[] weight = gaussian(n[1], random);
        float[] bias = gaussian(n[1], random);
        parameters = new GroupNormParameters(GroupNormParameters.DEFAULT_EPSILON, weight, bias);
        engineGroupNorm = new EngineGroupNorm(new long[] {n[0], n[1], n[2], n[3]}, n[4], input, weight, bias);
    }

    @TearDown
    public void close() {
        engineGroupNorm.close();
    }

    @Benchmark
    public float[] ours() {
        operator.normalize(groupNormShape, parameters, input, output);
        return output;
    }

    @Benchmark
    public void engine() {
        engineGroupNorm.run();
    }

    @Benchmark
    public float[] copy() {
        System.arraycopy(input, 0, output, 0, input.length);
        return output;
    }

    private static float[] gaussian(int size, Random random) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
