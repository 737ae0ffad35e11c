package dev.gnserve.cli;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.FileOperator;
import dev.gnserve.archive.NormalizationLayer;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.PassMemory;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ProgramInput;
import dev.gnserve.model.StatedInputs;
import dev.gnserve.program.ArchiveFile;
import dev.gnserve.program.ProgramFacts;
import dev.gnserve.trial.ArchiveTrials;
import dev.gnserve.trial.TrialLimits;
import dev.gnserve.verification.LayerDescription;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "inspect",
        description = {
            "Shows the parts, parameters and normalization layers of a TorchScript archive or of a torch.export program (.pt2), and operators"
                    + " that read or write files.",
            "Runs no code of the archive; with --load, another process loads it.",
            "Exit code 0: no defect found. 1: corrupt, contradictory, reads or writes files, drops out at random, or cannot be served. 2: not an archive."
        })
final class InspectCommand implements Callable<Integer> {

    @Parameters(paramLabel = "FILE.pt", description = "The archive.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(names = "--load", description = "Load the archive in another process: this runs its code.")
    private boolean load;

    @Option(
            names = "--shape",
            paramLabel = "[NAME=]SHAPE[:TYPE]",
            description =
                    "Also run the archive with noise of this shape, as the option of the command new, and show what it returns.")
    private List<String> shapes = new ArrayList<>();

    @Option(names = "--no-engine", hidden = true, description = "The default.")
    private boolean noEngine;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** The JSON output. */
    private record Inspection(
            String file,
            String origin,
            String modelClass,
            String formatVersion,
            int entries,
            int codeFiles,
            int parameterTensors,
            long parameters,
            List<LayerDescription> layers,
            List<TorchScriptArchive.CorruptEntry> corruptEntries,
            List<FileOperator> fileOperators,
            List<String> trainingDropout,
            List<RepairedArchive.Replacement> replacedOperators,
            @Nullable String refusal,
            @Nullable ProgramFacts program,
            List<String> pass) {}

    @Override
    public Integer call() {
        Inspection inspection;
        List<NormalizationLayer> layers;
        try (ArchiveSnapshot archive = ArchiveFile.read(file)) {
            layers = archive.torchScript().normalizations();
            inspection = inspect(archive, layers);
        } catch (TorchScriptException | IOException e) {
            spec.commandLine().getErr().println(file + ": " + e.getMessage());
            return 2;
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(inspection));
        } else {
            print(out, inspection);
        }
        out.flush();
        boolean contradiction = layers.stream().anyMatch(layer -> layer.verifiable() && layer.reason() != null);
        boolean sound = inspection.corruptEntries().isEmpty()
                && inspection.fileOperators().isEmpty()
                && inspection.trainingDropout().isEmpty()
                && inspection.refusal() == null
                && !contradiction;
        return sound ? 0 : 1;
    }

    private Inspection inspect(ArchiveSnapshot snapshot, List<NormalizationLayer> layers) {
        TorchScriptArchive archive = snapshot.torchScript();
        List<RepairedArchive.Replacement> replaced = new ArrayList<>();
        String refusal = notServed(archive);
        if (refusal == null && load && !noEngine) {
            refusal = load(snapshot, replaced);
        }
        List<String> pass = List.of();
        if (refusal == null && !shapes.isEmpty()) {
            try {
                pass = pass(snapshot);
            } catch (FailureException e) {
                refusal = e.failure().detail();
            } catch (TorchScriptException e) {
                refusal = e.getMessage();
            }
        }
        List<TorchScriptArchive.Parameter> parameters = archive.parameters();
        return new Inspection(
                file.toString(),
                archive.origin(),
                archive.modelClass(),
                archive.formatVersion(),
                archive.entries().size(),
                archive.codeFiles().size(),
                parameters.size(),
                parameters.stream()
                        .mapToLong(parameter -> parameter.tensor().elements())
                        .sum(),
                layers.stream().map(LayerDescription::of).toList(),
                archive.corruptEntries(),
                FileOperator.in(archive),
                archive.trainingDropout(),
                replaced,
                refusal,
                ProgramFacts.of(archive),
                pass);
    }

    /** The inputs and outputs of a pass over noise, in words. */
    private List<String> pass(ArchiveSnapshot archive) {
        try (PyTorchBackend engine = PyTorchBackend.start(EngineSettings.defaults());
                PyTorchModel model = engine.load(archive, BackendPlan.CPU)) {
            StatedInputs stated =
                    StatedInputs.of(archive.torchScript(), model, ShapeOption.parse(shapes, spec.commandLine()));
            List<String> lines = new ArrayList<>();
            stated.describe().forEach(input -> lines.add("input " + input));
            stated.prediction()
                    .outputs()
                    .forEach((name, tensor) -> lines.add("output " + name + " " + tensor.type() + " " + tensor.shape()
                            + (stated.inputs().whole() ? "" : " for each item")));
            return lines;
        }
    }

    /** Why a program cannot be served, although it is sound; null if it can, and for other archives. */
    private static @Nullable String notServed(TorchScriptArchive archive) {
        try {
            ProgramInput unused = ProgramInput.of(archive);
            return null;
        } catch (TorchScriptException e) {
            return e.getMessage();
        }
    }

    /** Loads the archive in another process. Returns why it cannot be loaded, or null. Adds the replaced operators to the list. */
    private static @Nullable String load(ArchiveSnapshot archive, List<RepairedArchive.Replacement> replaced) {
        try (ArchiveTrials trials = new ArchiveTrials(
                List.of("trial"), true, TrialLimits.of(Duration.ofMinutes(1)), PassMemory.unlimited())) {
            replaced.addAll(trials.load(archive));
            return null;
        } catch (FailureException e) {
            return e.failure().detail();
        }
    }

    private void print(PrintWriter out, Inspection inspection) {
        ProgramFacts program = inspection.program();
        if (program == null) {
            out.printf(
                    "%s: TorchScript archive, %s, class %s, format version %s (archives do not record the PyTorch version)%n",
                    inspection.file(), inspection.origin(), inspection.modelClass(), inspection.formatVersion());
        } else {
            out.printf(
                    "%s: program of torch.export, class %s, PyTorch %s, schema %s%n",
                    inspection.file(), inspection.modelClass(), program.torchVersion(), program.schemaVersion());
            program.inputs().forEach(input -> out.println("input: " + input));
            program.outputs().forEach(output -> out.println("output: " + output));
        }
        out.printf(
                "%d entries, %d code files, %,d parameters in %d tensors%n",
                inspection.entries(), inspection.codeFiles(), inspection.parameters(), inspection.parameterTensors());
        out.println();
        if (inspection.layers().isEmpty()) {
            out.println("no normalization layers");
        } else {
            int width = inspection.layers().stream()
                    .mapToInt(layer -> layer.name().length())
                    .max()
                    .orElse(0);
            String row = "%-" + Math.max(5, width) + "s  %-13s  %6s  %8s  %9s  %6s  %s%n";
            out.printf(row, "layer", "kind", "groups", "channels", "epsilon", "affine", "verifiable");
            for (LayerDescription layer : inspection.layers()) {
                out.printf(
                        row,
                        layer.name(),
                        layer.kind(),
                        orDash(layer.groups()),
                        orDash(layer.channels()),
                        orDash(layer.epsilon()),
                        layer.affine() == null ? "-" : layer.affine() ? "yes" : "no",
                        (layer.verifiable() ? "yes" : "no") + (layer.reason() == null ? "" : ": " + layer.reason()));
            }
        }
        inspection.pass().forEach(line -> out.println("pass over noise: " + line));
        out.println();
        inspection
                .corruptEntries()
                .forEach(entry -> out.println("CORRUPT: " + entry.entry() + " fails its checksum"
                        + (entry.parameters().isEmpty() ? "" : "; it holds " + String.join(", ", entry.parameters()))));
        inspection
                .fileOperators()
                .forEach(call -> out.println("READS OR WRITES FILES: " + call
                        + "; it is served with gnserve.archives.allow-file-operators=true only"));
        inspection
                .trainingDropout()
                .forEach(place -> out.println("RANDOM: dropout in training mode, so answers differ for the same input: "
                        + place + ". Call eval() on the model before the export"));
        inspection
                .replacedOperators()
                .forEach(replacement -> out.println("REPAIRED on loading: the engine does not have " + replacement));
        if (inspection.refusal() != null) {
            out.println("REFUSED: " + inspection.refusal());
        } else if (load
                && inspection.corruptEntries().isEmpty()
                && inspection.replacedOperators().isEmpty()) {
            out.println("no repairs needed");
        }
    }

    private static String orDash(@Nullable Object value) {
        return value == null ? "-" : value.toString();
    }
}
