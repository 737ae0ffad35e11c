package dev.gnserve.cli;

import dev.gnserve.evaluation.BestThreshold;
import dev.gnserve.evaluation.ClassificationEvaluation;
import dev.gnserve.evaluation.ClassificationReport;
import dev.gnserve.evaluation.DetectionEvaluation;
import dev.gnserve.evaluation.DetectionReport;
import dev.gnserve.evaluation.Evaluation;
import dev.gnserve.evaluation.EvaluationPage;
import dev.gnserve.evaluation.EvaluationTable;
import dev.gnserve.evaluation.Fold;
import dev.gnserve.evaluation.InstanceEvaluation;
import dev.gnserve.evaluation.InstanceReport;
import dev.gnserve.evaluation.MaskEvaluation;
import dev.gnserve.evaluation.MaskReport;
import dev.gnserve.evaluation.MaskThreshold;
import dev.gnserve.evaluation.SegmentationEvaluation;
import dev.gnserve.evaluation.SegmentationReport;
import dev.gnserve.model.InvalidManifestException;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.model.Task;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
            "Measures a model as it would be served, on images or volumes of your own or on the data set of an embedded model.",
            "Detection: a COCO dataset file with boxes. With --masks, the masks of the detections are judged by its outlines.",
            "Segmentation: a folder with images/ and masks/ (PNG; 0 is background, then the labels from 1, 255 is not judged).",
            "Separate objects: a COCO dataset file with outlines, or a folder with images/ and objects/ (PNG or TIFF of object numbers).",
            "Volumes: a folder with images/ and masks/ or objects/, volumes with the same numbers (TIFF, NIfTI, NumPy or Zarr).",
            "Classification: a table with the columns file and label (CSV), or a folder with a folder of images for each label.",
            "Average precision is that of pycocotools for the same objects.",
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
            paramLabel = "FILE|FOLDER",
            description =
                    "COCO dataset file, table of labels, folder as above, or folder of the data set of an embedded model.")
    @SuppressWarnings("NullAway.Init")
    private Path data;

    @Option(
            names = "--images",
            paramLabel = "FOLDER",
            description = "Where the images of the file are (default: its folder).")
    private @Nullable Path images;

    @Option(
            names = "--results",
            paramLabel = "FILE.json",
            description = "Write what was found on the images of the dataset file in COCO's result format.")
    private @Nullable Path results;

    @Option(names = "--masks", description = "Detection: judge the masks by the outlines of the dataset file.")
    private boolean masks;

    @Option(
            names = "--report",
            paramLabel = "FILE.html",
            description =
                    "Write a page with the tables, the curves and the worst images. It has pictures of your data in it.")
    private @Nullable Path page;

    @Option(
            names = "--write-threshold",
            description = {
                "Set the best threshold in model.yaml. Detection: thresholds.score, by F1.",
                "Segmentation: thresholds.mask, of 0.05, 0.1, ..., 0.95, by mean Dice of classes of pixels or F1 of separate objects."
            })
    private boolean writeThreshold;

    @Option(names = "--split", description = "Which images (default: ${DEFAULT-VALUE}).", defaultValue = "test")
    @SuppressWarnings("NullAway.Init")
    private String split;

    @Option(names = "--min-dice", description = "Exit with 1 when the mean Dice coefficient is below.")
    private double leastDice;

    @Option(names = "--min-f1", description = "Exit with 1 when the object F1 score is below.")
    private double leastF1;

    @Option(names = "--min-ap50", description = "Exit with 1 when AP50, mean of the classes, is below.")
    private double leastAp50;

    @Option(names = "--min-pq", description = "Exit with 1 when the panoptic quality of objects is below.")
    private double leastPq;

    @Option(names = "--min-accuracy", description = "Exit with 1 when the accuracy of classification is below.")
    private double leastAccuracy;

    @Option(
            names = "--fold",
            paramLabel = "K/N",
            description = "Detection: the Kth of N parts of all relabelled images instead of a split.",
            converter = FoldConverter.class)
    private Fold fold = Fold.NONE;

    @Option(names = "--json", description = "Prints a report for machines.")
    private boolean json;

    private boolean volumes;

    private static final String SPLITS = "the data set of an embedded model";

    /** Options that end the command with 1, by what an evaluation measures. */
    private static final List<String> GATES =
            List.of("--min-dice", "--min-f1", "--min-ap50", "--min-pq", "--min-accuracy");

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = err();
        try {
            requireFolder("--results", results);
            requireFolder("--report", page);
            ModelSource source = NamedModel.find(model, null, spec);
            ModelManifest manifest = ManifestReader.read(source.manifestLocation(), source.manifest());
            volumes = manifest.input().volume() != null;
            IntConsumer progress = done -> {
                if (!json) {
                    err.print("\r" + done + (volumes ? " volumes" : " images"));
                    err.flush();
                }
            };
            if (volumes) {
                refuseOptionsOfImages();
            }
            if (writeThreshold) {
                requireThreshold(source, manifest);
            }
            return switch (manifest.task()) {
                case SEGMENTATION -> segmentation(source, progress);
                case DETECTION -> detection(source, progress);
                case CLASSIFICATION -> {
                    measures("--min-accuracy");
                    refuse("a COCO dataset file", "--results", "--masks");
                    refuse(SPLITS, "--split", "--fold");
                    if (Files.isDirectory(data)) {
                        refuse("a table of files and labels", "--images");
                    }
                    yield judge(ClassificationEvaluation.run(source, data, folder(), page != null, progress));
                }
                case EMBEDDING, REGRESSION, TENSORS ->
                    throw new IllegalArgumentException(
                            "models of " + manifest.task().label() + " are not measured");
            };
        } catch (NoSuchFileException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage() + " does not exist", e);
        } catch (IllegalArgumentException | InvalidManifestException e) {
            err.print("\r"); // In place of the progress.
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    /** Before anything is measured. */
    private void requireThreshold(ModelSource source, ModelManifest manifest) {
        Path file = ManifestThreshold.file(source);
        if (manifest.task() != Task.DETECTION && manifest.task() != Task.SEGMENTATION) {
            throw new IllegalArgumentException("--write-threshold goes with detection and segmentation");
        }
        if (masks) {
            throw new IllegalArgumentException(
                    "--write-threshold sets the score of boxes, and --masks judges masks; leave out one of them");
        }
        List<Float> own = manifest.thresholds().masks();
        if (own != null && !own.isEmpty()) {
            throw new IllegalArgumentException(
                    "--write-threshold sets one threshold, and thresholds.masks of %s gives each label its own; remove it"
                            .formatted(file));
        }
        if (manifest.output().instances() != null || manifest.output().decoder() == OutputSpec.Decoder.CLASSES) {
            throw new IllegalArgumentException(
                    "--write-threshold sets thresholds.mask, and output.decoder %s of %s does not use it; set its own threshold by hand"
                            .formatted(manifest.output().decoder().name().toLowerCase(Locale.ROOT), file));
        }
    }

    /** What is tried for the best threshold; nothing if it is not asked for. */
    private Map<Float, String> tries(ModelSource source) throws IOException {
        return writeThreshold ? ManifestThreshold.MASK.tries(source) : Map.of();
    }

    /** Of the images of a file. */
    private Path folder() {
        Path own = data.toAbsolutePath().getParent();
        return images != null ? images : Objects.requireNonNull(own);
    }

    private void refuseOptionsOfImages() {
        if (writeThreshold || leastAp50 > 0 || Files.isRegularFile(data) || Files.exists(data.resolve("split.json"))) {
            throw new IllegalArgumentException(
                    "the model takes volumes: give a folder with images/ and masks/ or objects/; average precision, --write-threshold and dataset files are for images");
        }
    }

    /** Refuses a gate of a figure that is not measured here, which would let everything pass. */
    private void measures(String... gates) {
        for (String gate : GATES) {
            if (spec.commandLine().getParseResult().hasMatchedOption(gate)
                    && !List.of(gates).contains(gate)) {
                throw new IllegalArgumentException("%s goes with a figure that is not measured here; allowed here: %s"
                        .formatted(gate, String.join(", ", gates)));
            }
        }
    }

    /** Refuses options that would be ignored. */
    private void refuse(String what, String... options) {
        for (String option : options) {
            if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
                throw new IllegalArgumentException(
                        "%s goes with %s, and --data is %s; leave it out".formatted(option, what, data));
            }
        }
    }

    /** Before anything is measured. */
    private static void requireFolder(String option, @Nullable Path file) {
        if (file != null
                && (Files.isDirectory(file)
                        || !Files.isDirectory(Objects.requireNonNull(
                                file.toAbsolutePath().normalize().getParent())))) {
            throw new IllegalArgumentException("%s is %s; name a file in a folder that exists".formatted(option, file));
        }
    }

    private int segmentation(ModelSource source, IntConsumer progress) throws IOException {
        refuse("the data set of an embedded detector", "--fold");
        if (Files.isRegularFile(data)) {
            refuse(SPLITS, "--split");
            measures("--min-pq", "--min-f1", "--min-ap50");
            return judgeObjects(
                    source,
                    InstanceEvaluation.run(source, data, folder(), results, page != null, tries(source), progress));
        }
        refuseOptionsOfFiles();
        if (Files.exists(data.resolve("split.json"))) {
            if (page != null || writeThreshold) {
                throw new IllegalArgumentException(
                        "--report and --write-threshold do not go with the data set of an embedded model; give a folder with images/ and objects/");
            }
            measures("--min-dice", "--min-f1");
            return judge(SegmentationEvaluation.run(source, data, split, progress));
        }
        refuse(SPLITS, "--split");
        if (Files.isDirectory(data.resolve("objects"))) {
            measures("--min-pq", "--min-f1", "--min-ap50");
            return judgeObjects(source, InstanceEvaluation.run(source, data, page != null, tries(source), progress));
        }
        measures("--min-dice");
        return judgeMasks(source, MaskEvaluation.run(source, data, page != null, tries(source), progress));
    }

    private int detection(ModelSource source, IntConsumer progress) throws IOException {
        if (Files.isRegularFile(data)) {
            refuse(SPLITS, "--split", "--fold");
        } else if (!fold.isNone()) {
            refuse("one of the splits, which --fold stands in place of", "--split");
        }
        if (Files.isRegularFile(data) && masks) {
            measures("--min-pq", "--min-f1", "--min-ap50");
            return judgeObjects(
                    source, InstanceEvaluation.run(source, data, folder(), results, page != null, Map.of(), progress));
        }
        measures("--min-ap50");
        if (Files.isRegularFile(data)) {
            return judgeBoxes(source, DetectionEvaluation.run(source, data, folder(), results, page != null, progress));
        }
        refuseOptionsOfFiles();
        return judgeBoxes(source, DetectionEvaluation.run(source, data, split, fold, page != null, progress));
    }

    private void refuseOptionsOfFiles() {
        if (images != null || results != null || masks) {
            throw new IllegalArgumentException(
                    "--images, --results and --masks go with a dataset file, and --data is " + data);
        }
    }

    private int judge(SegmentationReport report) {
        print(report, out -> EvaluationTables.print(report, out));
        boolean good =
                report.overall().meanDice() >= leastDice && report.overall().objectF1() >= leastF1;
        return good ? 0 : 1;
    }

    private int judgeMasks(ModelSource source, Evaluation<MaskReport> evaluation) throws IOException {
        MaskReport report = evaluation.report();
        publish(
                evaluation,
                report.model(),
                report.version(),
                report.data(),
                report.images(),
                EvaluationTable.of(report, volumes ? "voxels" : "pixels"));
        writeMask(source, report.thresholds(), report.meanDice());
        return atLeast(report.meanDice(), leastDice) ? 0 : 1;
    }

    private int judgeObjects(ModelSource source, Evaluation<InstanceReport> evaluation) throws IOException {
        InstanceReport report = evaluation.report();
        publish(
                evaluation,
                report.model(),
                report.version(),
                report.data(),
                report.images(),
                EvaluationTable.of(report));
        writeMask(source, report.thresholds(), report.rq());
        return atLeast(report.pq(), leastPq) && atLeast(report.ap50(), leastAp50) && atLeast(report.rq(), leastF1)
                ? 0
                : 1;
    }

    /** A figure that is not defined is below every other than 0. */
    private static boolean atLeast(@Nullable Double figure, double least) {
        return figure == null ? least == 0 : figure >= least;
    }

    private int judge(Evaluation<ClassificationReport> evaluation) throws IOException {
        ClassificationReport report = evaluation.report();
        publish(
                evaluation,
                report.model(),
                report.version(),
                report.data(),
                report.images(),
                EvaluationTable.of(report));
        return report.accuracy() >= leastAccuracy ? 0 : 1;
    }

    private int judgeBoxes(ModelSource source, Evaluation<DetectionReport> evaluation) throws IOException {
        DetectionReport report = evaluation.report();
        publish(
                evaluation,
                report.model(),
                report.version(),
                report.split() + " of " + report.data(),
                report.images(),
                EvaluationTable.of(report));
        BestThreshold best = report.bestThreshold();
        if (writeThreshold && best != null) {
            write(ManifestThreshold.SCORE, source, best.score());
        }
        return atLeast(report.ap50(), leastAp50) ? 0 : 1;
    }

    /**
     * Writes the best threshold of segmentation, if it is better than the model as it is.
     *
     * @param tried none if nothing is to be written
     * @param now the figure of the model as it is; null if it is not defined
     */
    private void writeMask(ModelSource source, List<MaskThreshold> tried, @Nullable Double now) throws IOException {
        MaskThreshold best = MaskThreshold.best(tried);
        if (best != null && best.figure() != null && (now == null || best.figure() > now)) {
            write(ManifestThreshold.MASK, source, best.mask());
        } else if (!tried.isEmpty()) {
            err().println("%s stays as it is: no thresholds.mask is better".formatted(source.manifestLocation()));
        }
    }

    private void write(ManifestThreshold threshold, ModelSource source, float value) throws IOException {
        Path manifest = threshold.write(source, value);
        err().println("%s has thresholds.%s %s now. Record its golden answer again: gnserve golden %s --record"
                .formatted(manifest, threshold.name().toLowerCase(Locale.ROOT), value, model));
    }

    private PrintWriter err() {
        return spec.commandLine().getErr();
    }

    private void publish(
            Evaluation<?> evaluation, String name, String version, String on, int count, List<EvaluationTable> tables)
            throws IOException {
        String subtitle = "on %s, %d %s".formatted(on, count, volumes ? "volumes" : "images");
        String title = name + " version " + version;
        print(evaluation.report(), out -> {
            out.println(title + " " + subtitle);
            tables.forEach(table -> EvaluationTables.print(table, out));
        });
        if (page != null) {
            Files.writeString(page, EvaluationPage.of(title, subtitle, tables, evaluation));
        }
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
        err().print("\r");
        table.accept(out);
    }
}
