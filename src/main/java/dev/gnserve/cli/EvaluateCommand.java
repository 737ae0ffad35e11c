package dev.gnserve.cli;

import dev.gnserve.evaluation.DetectionEvaluation;
import dev.gnserve.evaluation.DetectionReport;
import dev.gnserve.evaluation.Fold;
import dev.gnserve.evaluation.MaskEvaluation;
import dev.gnserve.evaluation.MaskReport;
import dev.gnserve.evaluation.SegmentationEvaluation;
import dev.gnserve.evaluation.SegmentationReport;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.Task;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
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
        description = {
            "Measures a model as it would be served, on images of your own or on the data set of an embedded model.",
            "Detection: a COCO dataset file with boxes. Segmentation: a folder with images/ and masks/ (PNG; 0 is background, then the"
                    + " labels from 1, 255 is not judged).",
            "The figures for a dataset file are those of pycocotools for the same detections.",
            "Exit code 0: measured. 1: a figure is below what is asked for. 2: misuse, or data that does not go with the model."
        })
final class EvaluateCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "MODEL",
            description = "Folder of a model (model.yaml and <version>/model.pt), or the name of an embedded one.")
    @SuppressWarnings("NullAway.Init")
    private String model;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE.json|FOLDER",
            description =
                    "COCO dataset file; folder with images/ and masks/; or folder of the data set of an embedded model.")
    @SuppressWarnings("NullAway.Init")
    private Path data;

    @Option(
            names = "--images",
            paramLabel = "FOLDER",
            description = "Where the images of the dataset file are (default: its folder).")
    private @Nullable Path images;

    @Option(
            names = "--results",
            paramLabel = "FILE.json",
            description = "Write the detections on the images of the dataset file in COCO's result format.")
    private @Nullable Path results;

    @Option(names = "--split", description = "Which images (default: ${DEFAULT-VALUE}).", defaultValue = "test")
    @SuppressWarnings("NullAway.Init")
    private String split;

    @Option(names = "--min-dice", description = "Exit with 1 when the mean Dice coefficient is below.")
    private double leastDice;

    @Option(names = "--min-f1", description = "Exit with 1 when the object F1 score is below.")
    private double leastF1;

    @Option(names = "--min-ap50", description = "Exit with 1 when AP50, mean of the classes, is below.")
    private double leastAp50;

    @Option(
            names = "--fold",
            paramLabel = "K/N",
            description = "Detection: the Kth of N parts of all relabelled images instead of a split.",
            converter = FoldConverter.class)
    private Fold fold = Fold.NONE;

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
        try {
            ModelSource source = NamedModel.find(model, null, spec);
            ModelManifest manifest = ManifestReader.read(source.manifestLocation(), source.manifest());
            if (Files.isRegularFile(data)) {
                return ofFile(source, manifest, progress);
            }
            if (images != null || results != null) {
                throw new IllegalArgumentException(
                        "--images and --results go with a dataset file, and --data is " + data);
            }
            return switch (manifest.task()) {
                case SEGMENTATION ->
                    Files.exists(data.resolve("split.json"))
                            ? judge(SegmentationEvaluation.run(source, data, split, progress))
                            : judge(MaskEvaluation.run(source, data, progress));
                case DETECTION -> judge(DetectionEvaluation.run(source, data, split, fold, progress));
                case CLASSIFICATION, EMBEDDING, REGRESSION, TENSORS ->
                    throw new IllegalArgumentException(
                            "there is no data set to measure " + manifest.task().label() + " on");
            };
        } catch (NoSuchFileException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage() + " does not exist", e);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private int ofFile(ModelSource source, ModelManifest manifest, IntConsumer progress) throws IOException {
        if (manifest.task() != Task.DETECTION) {
            throw new IllegalArgumentException(
                    "a dataset file has boxes, for models with the task detection; the task of the model is "
                            + manifest.task().label());
        }
        Path folder = images == null ? data.toAbsolutePath().getParent() : images;
        return judge(DetectionEvaluation.run(source, data, Objects.requireNonNull(folder), results, progress));
    }

    private int judge(SegmentationReport report) {
        print(report, out -> EvaluationTables.print(report, out));
        boolean good =
                report.overall().meanDice() >= leastDice && report.overall().objectF1() >= leastF1;
        return good ? 0 : 1;
    }

    private int judge(MaskReport report) {
        print(report, out -> EvaluationTables.print(report, out));
        return report.meanDice() != null && report.meanDice() >= leastDice ? 0 : 1;
    }

    private int judge(DetectionReport report) {
        print(report, out -> EvaluationTables.print(report, out));
        return report.ap50() >= leastAp50 ? 0 : 1;
    }

    private void print(Object report, Consumer<PrintWriter> table) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build()
                    .writeValueAsString(report));
            return;
        }
        spec.commandLine().getErr().print("\r");
        table.accept(out);
    }
}
