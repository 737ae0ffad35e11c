package dev.gnserve.cli;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.Accuracy;
import dev.gnserve.model.InvalidManifestException;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.PlanReport;
import dev.gnserve.model.TunedPlans;
import dev.gnserve.model.TuningReport;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.tuning.PlanTuner;
import dev.gnserve.tuning.PlannedManifest;
import dev.gnserve.tuning.TuningImages;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "tune",
        description = {
            "Finds the fastest execution plan of a model on this machine that does not change what it answers.",
            "Each plan runs sample images. Its outputs are compared with those of the model as exported, and its Group"
                    + " Normalization is verified. Plans that differ too much are refused, with the reason.",
            "The plans that remain are timed in turn. The choice is kept for execution: {plan: auto} with this accuracy on this machine,"
                    + " in $XDG_CACHE_HOME/gnserve/plans. With --write, it goes into model.yaml."
        })
final class TuneCommand implements Callable<Integer> {

    private static final int MOST_IMAGES = 8;

    @Parameters(
            paramLabel = "MODEL",
            description = "Folder of a model (model.yaml and <version>/model.pt), or the name of an embedded one.")
    @SuppressWarnings("NullAway.Init")
    private String model;

    @Option(
            names = "--accuracy",
            description =
                    "exact: what equals the model as exported within the rounding of float32. decisions: what decides the same. A number:"
                            + " the part of their size by which outputs may differ (default: execution.accuracy of model.yaml, else exact).")
    private @Nullable String accuracy;

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            description = "Images that the model is made for; the first " + MOST_IMAGES
                    + " by name are taken. Default: the image of the golden check, else noise.")
    private @Nullable Path data;

    @Option(names = "--seconds", defaultValue = "10", description = "For the timing (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--write", description = "Write the choice into model.yaml.")
    private boolean write;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (seconds < 0 || seconds > 3600) {
            throw new ParameterException(spec.commandLine(), "--seconds is " + seconds + ", allowed is 0 to 3600");
        }
        if (write && !NamedModel.isFolder(model)) {
            throw new ParameterException(
                    spec.commandLine(), "--write needs the folder of a model, and " + model + " is an embedded one");
        }
        if (data != null && !Files.isDirectory(data)) {
            throw new ParameterException(spec.commandLine(), "--data is " + data + ", which is not a folder");
        }
        Accuracy asked = accuracy == null ? null : accuracy(accuracy);
        ModelSource source = NamedModel.find(model, null, spec);
        TuningReport report;
        try (Engine engine = new Engine(PyTorchBackend.start(EngineSettings.defaults()));
                ArchiveSnapshot archive = source.snapshot()) {
            EngineScope scope = engine.scope("model " + source.name());
            ModelManifest manifest = ManifestReader.read(source, archive, scope);
            Accuracy budget = asked == null ? manifest.execution().accuracy() : asked;
            report = new PlanTuner(scope, archive, manifest, images(source, manifest), budget)
                    .run(source.name(), source.version(), Duration.ofSeconds(seconds));
            int cores = Runtime.getRuntime().availableProcessors();
            keep(TunedPlans.Key.of(archive, engine.describe(), manifest, budget, cores), budget, report);
        } catch (FailureException e) {
            spec.commandLine().getErr().println(model + ": " + e.failure().detail());
            return 1;
        } catch (InvalidManifestException | TorchScriptException e) {
            spec.commandLine().getErr().println(model + ": " + e.getMessage());
            return 1;
        } catch (NoSuchFileException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage() + " does not exist", e);
        }
        print(report);
        if (write) {
            Path file = Path.of(source.manifestLocation());
            String changed = PlannedManifest.with(Files.readString(file), report.chosen());
            ExecutionPlan chosen = report.plan();
            if (ManifestReader.read(file.toString(), changed).execution().plan() != chosen) {
                spec.commandLine().getErr().println(file + " is not changed: write execution.plan into it by hand");
                return 1;
            }
            Files.writeString(file, changed, StandardCharsets.UTF_8);
            spec.commandLine().getErr().println(file + ": execution: {plan: " + report.chosen() + "}");
        }
        return 0;
    }

    private Accuracy accuracy(String label) {
        try {
            return Accuracy.of(label);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--accuracy: " + e.getMessage(), e);
        }
    }

    private void keep(TunedPlans.Key key, Accuracy budget, TuningReport report) {
        String where = "for execution: {plan: auto, accuracy: " + budget.label() + "}, the choice ";
        try {
            Path file = TunedPlans.ofUser().keep(key, report);
            spec.commandLine().getErr().println(where + "is kept in " + file);
        } catch (IOException e) {
            spec.commandLine().getErr().println(where + "cannot be kept: " + e);
        }
    }

    private List<FloatTensor> images(ModelSource source, ModelManifest manifest) throws IOException {
        if (manifest.input().parameters() != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "the model takes other tensors beside an image; tune takes models of an image alone");
        }
        Path folder = data;
        if (folder == null) {
            return TuningImages.of(source, manifest);
        }
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(TuneCommand::mayBeImage)
                    .sorted()
                    .limit(MOST_IMAGES)
                    .toList();
        }
        if (files.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "--data is " + folder + ", which holds no images");
        }
        List<FloatTensor> images = new ArrayList<>();
        for (Path file : files) {
            Upload upload = new Upload(String.valueOf(file.getFileName()), Files.readAllBytes(file));
            images.add(ImagePipeline.forCommands().firstTile(manifest, upload).input());
        }
        return images;
    }

    /** Texts beside images, such as licences, are left out. */
    private static boolean mayBeImage(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        return Files.isRegularFile(file) && !name.startsWith(".") && !name.matches(".*\\.(txt|md|json|csv|xml|ya?ml)");
    }

    private void print(TuningReport report) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(report));
            out.flush();
            return;
        }
        out.printf(
                "%s version %s, %d images, %d rounds%n",
                report.model(), report.version(), report.images(), report.rounds());
        out.printf("%-14s %10s %8s %11s %20s%n", "plan", "median ms", "speed", "difference", "changed decisions");
        for (PlanReport plan : report.plans()) {
            out.printf(
                    "%-14s %10.1f %7.2fx %11.1e %,20d%n",
                    plan.plan(), plan.medianMillis(), plan.speedup(), plan.difference(), plan.changedDecisions());
            if (plan.refusal() != null) {
                out.println("  refused: " + plan.refusal());
            }
        }
        out.println();
        out.println(report.chosen() + ": " + report.reason());
        if (!write && !report.chosen().equals("as-exported")) {
            out.println("In model.yaml: execution: {plan: " + report.chosen() + "}, or add --write");
        }
        out.flush();
    }
}
