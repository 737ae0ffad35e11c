package dev.gnserve.workshop.cli;

import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.model.EmbeddedModels;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.Task;
import dev.gnserve.workshop.cli.PlansBenchEngineCommand.Speed;
import dev.gnserve.workshop.cli.PlansBenchEngineCommand.Speeds;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * One server has a copy of the model for each plan, so that the plans take turns within a round; a child process runs the same copies
 * without the server.
 */
@Command(
        name = "plans",
        description = {
            "Each execution plan of models on one picture: the engine alone, and over HTTP with one client and with eight.",
            "Prints a table in Markdown: images a second, and how many times as many as exported. Exit code 1 if an answer was lost."
        },
        subcommands = PlansBenchEngineCommand.class)
final class PlansBenchCommand implements Callable<Integer> {

    private static final int[] CLIENTS = {1, 8};
    private static final int WARM_UP_SECONDS = 15; // The JVM compiles meanwhile, on a core that a pass would take.

    @Parameters(
            arity = "0..*",
            paramLabel = "MODEL",
            description = "Folders of models (model.yaml and <version>/model.pt), or names of embedded ones.")
    private List<String> models = List.of();

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description = "The picture (default: that of the model's golden check, else a nuclei sample of 256 x 256).")
    private @Nullable Path image;

    @Option(
            names = "--plans",
            split = ",",
            description = "Beside as-exported: channels-last, winograd, bfloat16, int8 (default: all).",
            converter = PlanOption.class)
    private Set<ExecutionPlan> plans = EnumSet.allOf(ExecutionPlan.class);

    @Option(names = "--seconds", defaultValue = "5", description = "Of one measurement (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--rounds", defaultValue = "3", description = "Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private int lost;

    /** A plan by its label. */
    static final class PlanOption implements ITypeConverter<ExecutionPlan> {
        @Override
        public ExecutionPlan convert(String label) {
            return ExecutionPlan.named(label);
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        if (models.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "Missing required parameter: 'MODEL'");
        }
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                "JDK %s, %s, %d cores, %d rounds of %d s%n%n",
                Runtime.version(), processor(), Runtime.getRuntime().availableProcessors(), rounds, seconds);
        out.println(
                "| model | plan | engine, 1 pass at a time | engine, up to 4 passes at a time | HTTP, 1 client | HTTP, 8 clients |");
        out.println("| --- | --- | ---: | ---: | ---: | ---: |");
        for (String model : models) {
            measure(model, out);
        }
        if (lost > 0) {
            out.printf("%nanswers that were not 200: %d%n", lost);
        }
        out.flush();
        return lost == 0 ? 0 : 1;
    }

    private void measure(String model, PrintWriter out) throws IOException, InterruptedException, ExecutionException {
        ModelSource source = find(model);
        plans.add(ExecutionPlan.AS_EXPORTED);
        Path folder = Files.createTempDirectory("gnserve-plans");
        try {
            Map<String, @Nullable ExecutionPlan> copies = new LinkedHashMap<>();
            plans.forEach(plan -> copies.put(plan.label(), plan));
            BenchCopies.write(source, folder, copies);
            Task task = ManifestReader.read(source.manifestLocation(), source.manifest())
                    .task();
            Path picture = picture(source, folder);
            Map<String, String> refused = new LinkedHashMap<>();
            List<Speed> http = overHttp(folder, task, Files.readAllBytes(picture), refused);
            int workers = Math.min(4, Runtime.getRuntime().availableProcessors());
            List<Speed> engine = ChildJvm.result(
                            Speeds.class,
                            "bench",
                            "plans",
                            "engine",
                            "--folder=" + folder,
                            "--image=" + picture,
                            "--seconds=" + seconds,
                            "--rounds=" + rounds,
                            "--workers=1," + workers)
                    .speeds();
            for (ExecutionPlan plan : plans) {
                String label = plan.label();
                out.printf(
                        "| %s | %s | %s | %s | %s | %s |%n",
                        source.name(),
                        refused.containsKey(label) ? label + ", refused: " + refused.get(label) : label,
                        cell(engine, label, 1),
                        cell(engine, label, workers),
                        cell(http, label, CLIENTS[0]),
                        cell(http, label, CLIENTS[1]));
                out.flush();
            }
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }

    /** The median of the rounds, and the median of its ratios to the model as exported in the same round. */
    private static String cell(List<Speed> speeds, String plan, int parallel) {
        double[] these = imagesPerSecond(speeds, plan, parallel);
        double[] exported = imagesPerSecond(speeds, ExecutionPlan.AS_EXPORTED.label(), parallel);
        double[] ratios = new double[these.length];
        for (int round = 0; round < ratios.length; round++) {
            ratios[round] = these[round] / exported[round];
        }
        return String.format(Locale.ROOT, "%.2f (%.2f)", median(these), median(ratios));
    }

    private static double[] imagesPerSecond(List<Speed> speeds, String plan, int parallel) {
        return speeds.stream()
                .filter(speed -> speed.model().equals(plan) && speed.parallel() == parallel)
                .mapToDouble(Speed::imagesPerSecond)
                .toArray();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private List<Speed> overHttp(Path folder, Task task, byte[] picture, Map<String, String> refused)
            throws IOException, InterruptedException, ExecutionException {
        List<Speed> speeds = new ArrayList<>();
        String served =
                String.join(",", plans.stream().map(ExecutionPlan::label).toList());
        try (BenchServer server = BenchServer.start("--gnserve.models-dir=" + folder, "--gnserve.models=" + served)) {
            for (ExecutionPlan plan : plans) {
                JsonNode execution = detail(server, plan.label()).path("execution");
                if (!execution.path("plan").asString().equals(plan.label())) {
                    refused.put(plan.label(), execution.path("planReason").asString());
                }
                rush(server, task, plan, picture, CLIENTS[1], WARM_UP_SECONDS);
            }
            for (int round = 0; round < rounds; round++) {
                for (int clients : CLIENTS) {
                    for (ExecutionPlan plan : plans) {
                        double rate = rush(server, task, plan, picture, clients, seconds);
                        speeds.add(new Speed(plan.label(), clients, rate));
                    }
                }
            }
        }
        return speeds;
    }

    private double rush(BenchServer server, Task task, ExecutionPlan plan, byte[] picture, int clients, int time)
            throws IOException, InterruptedException, ExecutionException {
        Post.keep(clients);
        URL url = server.uri().resolve(task.path(plan.label())).toURL();
        Histogram nanos = Rush.of(clients, 1, time, () -> () -> {
            int status = Post.picture(url, picture);
            if (status != 200) {
                lose();
            }
            return status;
        });
        return clients * 1e9 / nanos.getMean();
    }

    private synchronized void lose() {
        lost++;
    }

    /** Waits for a model, whose trial may take longer than that of others. */
    private static JsonNode detail(BenchServer server, String model) throws IOException, InterruptedException {
        URL url = server.uri().resolve("/v1/models/" + model).toURL();
        while (true) {
            HttpURLConnection connection = (HttpURLConnection) url.openConnection();
            int status = connection.getResponseCode();
            try (InputStream answer = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
                JsonNode json = JsonMapper.shared().readTree(answer);
                String state = json.path("state").asString("LOADING");
                if (state.equals("READY")) {
                    return json;
                }
                if (!state.equals("LOADING") || !(status == 200 || status == 503)) {
                    throw new IOException(model + " does not serve: " + json);
                }
            }
            Thread.sleep(500);
        }
    }

    private Path picture(ModelSource source, Path folder) throws IOException {
        if (image != null) {
            return image;
        }
        Path copy = folder.resolve("picture");
        String golden = new YAMLMapper()
                .readTree(source.manifest())
                .path("golden")
                .path("image")
                .asString("");
        if (golden.isEmpty()) {
            Files.write(copy, BenchSample.png());
        } else {
            try (InputStream bytes = source.open(golden)) {
                Files.copy(bytes, copy);
            }
        }
        return copy;
    }

    private ModelSource find(String model) throws IOException {
        List<ModelSource> found = Files.isDirectory(Path.of(model))
                ? ModelFolder.versions(Path.of(model).toAbsolutePath().normalize())
                : EmbeddedModels.list(PlansBenchCommand.class.getClassLoader()).stream()
                        .filter(source -> source.name().equals(model))
                        .toList();
        if (found.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), model + " is neither a folder with a model.yaml nor an embedded model");
        }
        return found.get(0);
    }

    /** As the kernel names it. */
    private static String processor() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("an unnamed processor");
        } catch (NoSuchFileException e) {
            return "an unnamed processor";
        }
    }
}
