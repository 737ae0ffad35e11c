package dev.gnserve.cli;

import dev.gnserve.backend.BackendDescription;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.PassMemory;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.EmbeddedModels;
import dev.gnserve.model.FolderSources;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelSource;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.pipeline.PixelBudget;
import dev.gnserve.process.Allocator;
import dev.gnserve.process.MemoryPlan;
import dev.gnserve.process.ThreadLimit;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "doctor",
        description = {
            "Checks whether the service can run here: Java, memory, allocator, threads, engine, port and models.",
            "Loads the models one after the other, which runs their code. Run it as the service runs: in the same container, with the"
                    + " same limits and options of Java.",
            "Exit code 0: nothing keeps the service from its work. 1: something does; its line begins with FAIL."
        })
final class DoctorCommand implements Callable<Integer> {

    private static final long MB = 1 << 20;

    /** A pass of the embedded segmentation model over a tile of 768 x 768 takes about as much. */
    private static final long USUAL_PASS = 400 * MB;

    /** Threads of the web server, the engine and the Java machine with its default settings. */
    private static final int USUAL_THREADS = 150;

    @Option(names = "--models-dir", description = "Folder of models (default: ./models, if it exists).")
    private @Nullable Path modelsDir;

    @Option(names = "--port", defaultValue = "8080", description = "Port of the service (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** How it is with something that was checked. */
    private enum Result {
        OK,
        WARN,
        FAIL
    }

    /**
     * One line.
     *
     * @param subject what was checked: {@code memory}, {@code model nuclei-unet-gn}
     * @param detail what was found, and what to do about it
     */
    private record Finding(Result result, String subject, String detail) {}

    private final List<Finding> findings = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        if (modelsDir != null && !Files.isDirectory(modelsDir)) {
            throw new ParameterException(
                    spec.commandLine(), "--models-dir is " + modelsDir + ", which is not a folder");
        }
        java();
        MemoryPlan plan = memory();
        allocator();
        threads();
        port();
        try (Engine engine =
                new Engine(PyTorchBackend.start(EngineSettings.defaults()), new PassMemory(plan.passes()))) {
            BackendDescription backend = engine.describe();
            add(
                    Result.OK,
                    "engine",
                    "%s on %s, %d threads".formatted(backend.name(), backend.device(), backend.threads()));
            models(engine);
        } catch (FailureException e) {
            add(Result.FAIL, "engine", e.failure().detail());
        }
        boolean failed = findings.stream().anyMatch(finding -> finding.result() == Result.FAIL);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(findings));
        } else {
            out.println(failed ? "Something keeps the service from its work." : "The service can run here.");
        }
        out.flush();
        return failed ? 1 : 0;
    }

    /** Prints each finding at once: what follows may take long. */
    private void add(Result result, String subject, String detail) {
        findings.add(new Finding(result, subject, detail));
        if (!json) {
            PrintWriter out = spec.commandLine().getOut();
            out.printf(Locale.ROOT, "%-4s %s: %s%n", result, subject, detail);
            out.flush();
        }
    }

    private void java() {
        int cores = Runtime.getRuntime().availableProcessors();
        String runs = "%s, %d processors".formatted(Runtime.version(), cores);
        add(Result.OK, "Java", runs);
        GroupNormKernel.Selection kernel = GroupNormKernel.select();
        add(Result.OK, "GroupNorm kernel", kernel.kernel().name() + ": " + kernel.reason());
    }

    private MemoryPlan memory() {
        MemoryPlan plan = MemoryPlan.ofThisProcess();
        long pixels = PixelBudget.fitting(plan);
        String holds =
                "limit %,d MB: heap %,d MB, models and passes %,d MB. The heap holds an image of about %,d million pixels"
                        .formatted(plan.limit() / MB, plan.heap() / MB, plan.passes() / MB, pixels / 1_000_000);
        boolean small = plan.passes() < USUAL_PASS;
        add(
                small ? Result.WARN : Result.OK,
                "memory",
                holds
                        + (small
                                ? ". That is little for passes: give the process more memory, or a smaller heap with -XX:MaxRAMPercentage=45"
                                : ""));
        return plan;
    }

    private void allocator() {
        Allocator allocator = Allocator.current();
        String advice = allocator.advice();
        add(
                advice == null ? Result.OK : Result.WARN,
                "allocator",
                allocator.name() + (advice == null ? "" : ": " + advice));
    }

    private void threads() {
        ThreadLimit limit = ThreadLimit.ofThisProcess().orElse(null);
        if (limit == null) {
            add(Result.OK, "threads", "without a limit");
            return;
        }
        boolean few = limit.free() < USUAL_THREADS;
        add(
                few ? Result.WARN : Result.OK,
                "threads",
                "%,d of %,d are free%s"
                        .formatted(
                                limit.free(),
                                limit.most(),
                                few
                                        ? ". The service then takes fewer requests at once: raise pids.max of the control group to "
                                                + (limit.now() + USUAL_THREADS)
                                        : ""));
    }

    private void port() {
        try (ServerSocket socket = new ServerSocket(port)) {
            add(Result.OK, "port", socket.getLocalPort() + " is free");
        } catch (IOException | IllegalArgumentException e) {
            add(Result.FAIL, "port", port + ": " + e.getMessage() + ". Choose another one with --server.port");
        }
    }

    private void models(Engine engine) throws IOException {
        List<ModelSource> sources = new ArrayList<>(EmbeddedModels.list(DoctorCommand.class.getClassLoader()));
        FolderSources folder = new FolderSources(modelsDir == null ? Path.of("models") : modelsDir);
        sources.addAll(folder.list());
        for (ModelSource source : sources) {
            String reason = LoadedModel.reasonAlone(source, engine);
            add(
                    reason == null ? Result.OK : Result.FAIL,
                    "model " + source.name() + " version " + source.version(),
                    reason == null ? "loads and runs" : reason);
        }
        folder.leftOut().forEach(sentence -> add(Result.WARN, "models", sentence));
    }
}
