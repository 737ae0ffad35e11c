package dev.gnserve.cli;

import dev.gnserve.model.EmbeddedModels;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.ModelSource;
import dev.gnserve.training.SegmentationEvaluation;
import dev.gnserve.training.SegmentationReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "evaluate",
        description = "Measures a segmentation model on a split of a data set, as it would be served.")
final class EvaluateCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "MODEL",
            description = "Folder of a model (model.yaml and <version>/model.pt), or the name of an embedded one.")
    @SuppressWarnings("NullAway.Init")
    private String model;

    @Option(names = "--data", required = true, description = "Folder with images/, masks/, split.json and index.csv.")
    @SuppressWarnings("NullAway.Init")
    private Path data;

    @Option(names = "--split", description = "Which images (default: ${DEFAULT-VALUE}).", defaultValue = "test")
    @SuppressWarnings("NullAway.Init")
    private String split;

    @Option(names = "--min-dice", description = "Exit with 1 when the mean Dice coefficient is below.")
    private double leastDice;

    @Option(names = "--min-f1", description = "Exit with 1 when the object F1 score is below.")
    private double leastF1;

    @Option(names = "--json", description = "Prints a report for machines.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        IntConsumer progress = done -> {
            if (!json) {
                err.print("\r" + done + " images");
                err.flush();
            }
        };
        SegmentationReport report;
        try {
            report = SegmentationEvaluation.run(source(), data, split, progress);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        print(report, spec.commandLine().getOut());
        boolean good =
                report.overall().meanDice() >= leastDice && report.overall().objectF1() >= leastF1;
        return good ? 0 : 1;
    }

    private void print(SegmentationReport report, PrintWriter out) {
        if (json) {
            out.println(JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build()
                    .writeValueAsString(report));
            return;
        }
        spec.commandLine().getErr().print("\r");
        out.printf("%s version %s on %s of %s%n", report.model(), report.version(), report.split(), report.data());
        out.printf(
                "%-14s %6s %9s %9s %8s %8s %9s%n", "type", "images", "Dice", "F1@0.5", "objects", "found", "predicted");
        for (SegmentationReport.Scores row : report.byType()) {
            print(row, out);
        }
        print(report.overall(), out);
    }

    private static void print(SegmentationReport.Scores row, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%-14s %6d %9.4f %9.4f %8d %8d %9d%n",
                row.type(),
                row.images(),
                row.meanDice(),
                row.objectF1(),
                row.objects(),
                row.found(),
                row.predicted());
    }

    private ModelSource source() throws IOException {
        Path folder = Path.of(model).toAbsolutePath().normalize();
        boolean isFolder = Files.isRegularFile(folder.resolve("model.yaml"));
        Path parent = folder.getParent();
        List<ModelSource> sources = isFolder && parent != null
                ? ModelFolder.list(parent)
                : EmbeddedModels.list(EvaluateCommand.class.getClassLoader());
        String name = isFolder ? String.valueOf(folder.getFileName()) : model;
        @Nullable ModelSource newest = null;
        for (ModelSource source : sources) {
            if (source.name().equals(name)) {
                newest = source;
            }
        }
        if (newest == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    model + " is neither a folder with a model.yaml nor an embedded model "
                            + sources.stream().map(ModelSource::name).distinct().toList());
        }
        return newest;
    }
}
