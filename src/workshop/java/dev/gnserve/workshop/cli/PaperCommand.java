package dev.gnserve.workshop.cli;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.workshop.paper.Experiment;
import dev.gnserve.workshop.paper.Report;
import dev.gnserve.workshop.paper.Scale;
import dev.gnserve.workshop.paper.TrialRuns;
import dev.gnserve.workshop.training.TrialData;
import dev.gnserve.workshop.training.TrialRecipe.Subject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "paper",
        description = {
            "Compares batch, layer, instance and group normalization, as docs/group-normalization.md reports.",
            "A rerun with the same --run goes on where the last one stopped."
        })
final class PaperCommand implements Callable<Integer> {

    /** What to run. */
    private enum Part {
        RATES,
        BATCH,
        GROUPS,
        GROWTH,
        ENTRANCE,
        SERVING,
        REPORT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Parameters(
            arity = "1..*",
            paramLabel = "PART",
            description = "What to run, in this order: ${COMPLETION-CANDIDATES}.")
    @SuppressWarnings("NullAway.Init")
    private List<Part> parts;

    @Option(names = "--run", required = true, description = "Folder of the results; several commands may share it.")
    @SuppressWarnings("NullAway.Init")
    private Path run;

    @Option(
            names = "--nuclei",
            description = "Data of the U-Net: a folder with images/, masks/, split.json and index.csv.",
            defaultValue = "nuclei")
    @SuppressWarnings("NullAway.Init")
    private Path nuclei;

    @Option(
            names = "--bloodcells",
            description =
                    "Data of the two others: a folder with images/, annotations_relabelled.json, split.json and quality.json.",
            defaultValue = "bloodcells")
    @SuppressWarnings("NullAway.Init")
    private Path bloodCells;

    @Option(names = "--networks", split = ",", description = "Which take part: unet, resnet, fcos (default: all).")
    private List<Subject> networks = List.of(Subject.values());

    @Option(
            names = "--reduced",
            description =
                    "A few minutes: ends of the series only, 1 seed, 2 epochs of 256 examples (4 for the residual network).")
    private boolean reduced;

    @Option(names = "--seed", description = "The first seed (default: ${DEFAULT-VALUE}).", defaultValue = "1")
    private long seed;

    @Option(names = "--seeds", description = "How many seeds (default: 3, reduced 1).")
    private @Nullable Integer seeds;

    @Option(
            names = "--epochs",
            description =
                    "How often an example is seen (default: 16, reduced 2); twice as often in the residual network.")
    private @Nullable Integer epochs;

    @Option(
            names = "--examples",
            description = "Size of the training sets, a multiple of 16 (default: 512, reduced 256).")
    private @Nullable Integer examples;

    @Option(
            names = "--images",
            description = "Folder for the charts of report (default: ${DEFAULT-VALUE}).",
            defaultValue = "docs/images")
    @SuppressWarnings("NullAway.Init")
    private Path images;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Scale scale = new Scale(
                networks,
                examples == null ? reduced ? 256 : 512 : examples,
                epochs == null ? reduced ? 2 : 16 : epochs,
                Scale.seeds(seed, seeds == null ? reduced ? 1 : 3 : seeds),
                reduced);
        PrintWriter out = spec.commandLine().getOut();
        TrialRuns runs = new TrialRuns(run);
        TrialData data = new TrialData(nuclei, bloodCells);
        // One thread: what a network computes must not depend on the cores.
        try (Engine engine = new Engine(PyTorchBackend.start(new EngineSettings(Device.CPU, 1)))) {
            for (Part part : parts) {
                switch (part) {
                    case RATES, BATCH, GROUPS, GROWTH, ENTRANCE ->
                        runs.run(Experiment.valueOf(part.name()).trials(scale), data, out);
                    case SERVING -> runs.serve(scale, data, engine, out);
                    case REPORT -> new Report(runs, scale, out).write(images);
                }
            }
        }
        return 0;
    }
}
