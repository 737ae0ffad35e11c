package dev.gnserve.cli;

import dev.gnserve.norm.GroupNorm;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.GroupNormStatistics;
import dev.gnserve.norm.MemoryFormat;
import dev.gnserve.numpy.NumpyFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "groupnorm", description = "Applies the GroupNorm operator to a NumPy array.")
final class GroupNormCommand implements Callable<Integer> {

    @Option(names = "--input", required = true, description = "float32 array (N, C, ...), a .npy file.")
    @SuppressWarnings("NullAway.Init")
    private Path input;

    @Option(names = "--groups", required = true, description = "Number of groups. Must divide the number of channels.")
    private int groups;

    @Option(
            names = "--epsilon",
            description = "Term that is added to the variance (default: ${DEFAULT-VALUE}).",
            defaultValue = "" + GroupNormParameters.DEFAULT_EPSILON)
    private double epsilon;

    @Option(names = "--weight", description = "float32 array (C), one factor per channel.")
    private @Nullable Path weight;

    @Option(names = "--bias", description = "float32 array (C), one term per channel.")
    private @Nullable Path bias;

    @Option(names = "--channels-last", description = "The input is (N, ..., C).")
    private boolean channelsLast;

    @Option(names = "--output", required = true, description = "For the result, a .npy file of the input's shape.")
    @SuppressWarnings("NullAway.Init")
    private Path output;

    @Option(
            names = "--stats",
            description = "For the statistics: float64 arrays mean and rstd, each (N, G), a .npz file.")
    private @Nullable Path stats;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() {
        try {
            normalize();
            return 0;
        } catch (IOException | IllegalArgumentException e) {
            spec.commandLine().getErr().println("gnserve groupnorm: " + e.getMessage());
            return 2;
        }
    }

    private void normalize() throws IOException {
        NumpyFile array = NumpyFile.read(input);
        GroupNormShape shape = GroupNormShape.of(
                array.shape(), groups, channelsLast ? MemoryFormat.CHANNELS_LAST : MemoryFormat.CONTIGUOUS);
        GroupNormParameters parameters = new GroupNormParameters(epsilon, vector(weight), vector(bias));
        float[] result = new float[array.values().length];
        GroupNormStatistics statistics = GroupNormStatistics.of(shape);

        new GroupNorm(GroupNormKernel.select().kernel())
                .normalize(shape, parameters, array.values(), 0, result, 0, statistics);

        new NumpyFile(array.shape(), result).write(output);
        if (stats != null) {
            NumpyFile.writeArchive(
                    stats,
                    new long[] {shape.batch(), shape.groups()},
                    new TreeMap<>(Map.of("mean", statistics.mean(), "rstd", statistics.rstd())));
        }
    }

    private static float @Nullable [] vector(@Nullable Path npy) throws IOException {
        if (npy == null) {
            return null;
        }
        NumpyFile file = NumpyFile.read(npy);
        if (file.shape().length != 1) {
            throw new IOException(npy + " is " + file + ", allowed is an array with one axis");
        }
        return file.values();
    }
}
