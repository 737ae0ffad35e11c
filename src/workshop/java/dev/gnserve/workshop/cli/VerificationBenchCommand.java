package dev.gnserve.workshop.cli;

import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.workshop.benchmark.VerificationBenchmark;
import dev.gnserve.workshop.benchmark.VerificationBenchmark.Cost;
import dev.gnserve.workshop.benchmark.VerificationBenchmark.Memory;
import dev.gnserve.workshop.benchmark.VerificationBenchmark.Report;
import dev.gnserve.workshop.cli.ServingBenchClientCommand.Latencies;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.springframework.util.FileSystemUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * The cost and the memory of verifications in a JVM of its own; and the throughput of two servers that differ in their
 * sample rate alone, in turns.
 */
@Command(
        name = "verification",
        description = "What a verification costs in plain inferences, and sampling in throughput; memory over many.")
final class VerificationBenchCommand implements Callable<Integer> {

    private static final int CLIENTS = 8;

    private static final String VERIFIED = "gnserve_verification_total";
    private static final String DROPPED = "gnserve_verification_dropped_total";

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Option(names = "--rounds", defaultValue = "40", description = "Of the cost (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--repeat",
            defaultValue = "1000",
            description = "Verifications of the memory (default: ${DEFAULT-VALUE}).")
    private int repeat;

    @Option(
            names = "--seconds",
            defaultValue = "20",
            description = "Length of one measurement of throughput; 0 leaves it out (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--turns",
            defaultValue = "5",
            description = "Measurements of throughput at each rate (default: ${DEFAULT-VALUE}).")
    private int turns;

    @Option(names = "--sample-rate", defaultValue = "0.01", description = "Default: ${DEFAULT-VALUE}.")
    private double sampleRate;

    @Option(names = "--in-this-jvm", hidden = true)
    private boolean inThisJvm;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /**
     * Medians over the turns.
     *
     * @param plainImagesPerSecond with a sample rate of 0
     * @param sampledImagesPerSecond with the sample rate
     * @param throughputRatio of the two in the same turn
     * @param plainCpuMillis processor time per image with a sample rate of 0, over all turns
     * @param sampledCpuMillis likewise with the sample rate
     * @param cpuRatio of the two: on a machine whose cores are all busy, throughput falls by what this lies above 1; unlike
     *     throughput it hardly depends on what else the machine does
     * @param images that the server with the sample rate answered
     * @param verified of them
     * @param dropped of them
     */
    record Sampling(
            double sampleRate,
            int turns,
            double plainImagesPerSecond,
            double sampledImagesPerSecond,
            double throughputRatio,
            double plainCpuMillis,
            double sampledCpuMillis,
            double cpuRatio,
            long images,
            long verified,
            long dropped) {}

    /** Processor time and images of a server since the last reading. */
    private static final class Usage {
        private final BenchServer server;
        private final Duration cpuBefore;
        private final double imagesBefore;

        Usage(BenchServer server) throws IOException, InterruptedException {
            this.server = server;
            this.cpuBefore = server.cpu();
            this.imagesBefore = images(server);
        }

        double cpuMillisPerImage() throws IOException, InterruptedException {
            return server.cpu().minus(cpuBefore).toNanos() / 1e6 / (images(server) - imagesBefore);
        }

        static double images(BenchServer server) throws IOException, InterruptedException {
            return server.meter("gnserve_requests_total");
        }
    }

    /** All that is measured. */
    record Result(Cost cost, Memory memory, List<Sampling> sampling) {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        if (inThisJvm) {
            ModelSource source = BenchSample.model();
            ModelManifest manifest = ManifestReader.read(source.location(), source.manifest());
            Report report = VerificationBenchmark.run(source, manifest, BenchSample.input(manifest), rounds, repeat);
            out.println(JsonMapper.shared().writeValueAsString(report));
            out.flush();
            return 0;
        }
        Report report = measuredInChild();
        Result result = new Result(report.cost(), report.memory(), seconds == 0 ? List.of() : List.of(sampling()));
        if (json) {
            out.println(JsonMapper.shared().writeValueAsString(result));
        } else {
            print(result, out);
        }
        out.flush();
        return 0;
    }

    private Report measuredInChild() throws IOException {
        Process child =
                ChildJvm.workshop("bench", "verification", "--in-this-jvm", "--rounds=" + rounds, "--repeat=" + repeat);
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String result = output.lines()
                .filter(line -> line.startsWith("{"))
                .reduce((first, last) -> last)
                .orElseThrow(() -> new IllegalStateException("the measurement gave no result:\n" + output));
        return JsonMapper.shared().readValue(result, Report.class);
    }

    private Sampling sampling() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("gnserve-bench");
        try (BenchServer plain = server(folder.resolve("plain"), 0);
                BenchServer sampled = server(folder.resolve("sampled"), sampleRate)) {
            // The first requests are for the compilers, and for the copy that the first sample loads.
            imagesPerSecond(plain);
            imagesPerSecond(sampled);
            Usage plainUsage = new Usage(plain);
            Usage sampledUsage = new Usage(sampled);
            double imagesBefore = Usage.images(sampled);
            double verifiedBefore = sampled.meter(VERIFIED);
            double droppedBefore = sampled.meter(DROPPED);
            List<Double> without = new ArrayList<>();
            List<Double> with = new ArrayList<>();
            List<Double> ratios = new ArrayList<>();
            for (int turn = 1; turn <= turns; turn++) {
                // Every other turn the other way round: what grows slower or faster over time hits both.
                boolean plainFirst = turn % 2 == 1;
                double first = imagesPerSecond(plainFirst ? plain : sampled);
                double second = imagesPerSecond(plainFirst ? sampled : plain);
                without.add(plainFirst ? first : second);
                with.add(plainFirst ? second : first);
                ratios.add(with.get(turn - 1) / without.get(turn - 1));
                spec.commandLine()
                        .getErr()
                        .printf(
                                "turn %d of %d: %.2f images/s without samples, %.2f with (%.3f)%n",
                                turn, turns, without.get(turn - 1), with.get(turn - 1), ratios.get(turn - 1));
            }
            double plainCpu = plainUsage.cpuMillisPerImage();
            double sampledCpu = sampledUsage.cpuMillisPerImage();
            return new Sampling(
                    sampleRate,
                    turns,
                    median(without),
                    median(with),
                    median(ratios),
                    plainCpu,
                    sampledCpu,
                    sampledCpu / plainCpu,
                    Math.round(Usage.images(sampled) - imagesBefore),
                    Math.round(sampled.meter(VERIFIED) - verifiedBefore),
                    Math.round(sampled.meter(DROPPED) - droppedBefore));
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }

    /** A server of the embedded model, but for its sample rate. */
    private static BenchServer server(Path models, double rate) throws IOException, InterruptedException {
        ModelSource source = BenchSample.model();
        YAMLMapper yaml = new YAMLMapper();
        ObjectNode manifest = (ObjectNode) yaml.readTree(source.manifest());
        manifest.withObject("/verification").put("sampleRate", rate);
        manifest.remove("golden"); // Its files stay where they are.
        Path version = Files.createDirectories(models.resolve(source.name()).resolve(source.version()));
        Files.writeString(version.resolveSibling("model.yaml"), yaml.writeValueAsString(manifest));
        try (InputStream archive = source.openArchive()) {
            Files.copy(archive, version.resolve("model.pt"));
        }
        return BenchServer.start("--gnserve.models-dir=" + models);
    }

    private double imagesPerSecond(BenchServer server) throws IOException {
        Latencies latencies = ServingBenchCommand.child(
                Latencies.class, "client", "--seconds=" + seconds, "--clients=" + CLIENTS, "--port=" + server.port());
        if (latencies.failures() > 0) {
            throw new IllegalStateException(
                    latencies.failures() + " requests failed: refusals are fast, and no measure");
        }
        return latencies.imagesPerSecond();
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }

    private static void print(Result result, PrintWriter out) {
        Cost cost = result.cost();
        out.printf(
                "JDK %s, %d cores, %d calls of Group Normalization, medians of %d rounds%n",
                Runtime.version(), Runtime.getRuntime().availableProcessors(), cost.calls(), cost.rounds());
        out.printf("%-36s %10s %14s%n", "", "ms", "inferences");
        out.printf("%-36s %10.1f %14.2f%n", "plain inference", cost.forwardMillis(), 1.0);
        out.printf("%-36s %10.1f %14.2f%n", "layer check", cost.layerCheckMillis(), cost.layerCheckForwards());
        out.printf("%-36s %10.1f %14.2f%n", "full verification (batch of 2)", cost.fullMillis(), cost.fullForwards());
        Memory memory = result.memory();
        out.printf(
                "%d verifications: resident MB after each tenth %s; native arrays %d before, %d after%n",
                memory.verifications(), memory.resident(), memory.arraysBefore(), memory.arraysAfter());
        for (Sampling sampling : result.sampling()) {
            out.printf(
                    "sample rate %s, %d clients: %.2f images/s, %.2f without, ratio %.3f (medians of %d turns)%n",
                    sampling.sampleRate(),
                    CLIENTS,
                    sampling.sampledImagesPerSecond(),
                    sampling.plainImagesPerSecond(),
                    sampling.throughputRatio(),
                    sampling.turns());
            out.printf(
                    "processor time per image: %.1f ms, %.1f ms without, ratio %.4f; of %d images %d verified, %d dropped%n",
                    sampling.sampledCpuMillis(),
                    sampling.plainCpuMillis(),
                    sampling.cpuRatio(),
                    sampling.images(),
                    sampling.verified(),
                    sampling.dropped());
        }
    }
}
