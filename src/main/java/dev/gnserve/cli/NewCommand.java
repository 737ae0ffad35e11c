package dev.gnserve.cli;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.NormalizationLayer;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import dev.gnserve.bundle.ImportedModel;
import dev.gnserve.bundle.RefusedPackageException;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Resize;
import dev.gnserve.model.ArchiveInput;
import dev.gnserve.model.BoxSpec;
import dev.gnserve.model.Like;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelProposal;
import dev.gnserve.model.ModelProposal.Wish;
import dev.gnserve.model.OutputSpec.Decoder;
import dev.gnserve.model.StatedShape;
import dev.gnserve.model.Task;
import dev.gnserve.model.UndecidedFormException;
import dev.gnserve.program.ArchiveFile;
import dev.gnserve.program.ProgramFacts;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "new",
        description = {
            "Makes the folder of a model from a TorchScript archive or a torch.export program (.pt2): inspects and runs it, and writes a"
                    + " model.yaml for it.",
            "Or from a package with a model of volumes, a zip file or a folder: BioImage.IO 0.4 and 0.5, or a MONAI bundle with model.ts."
                    + " Its test tensors become the golden check. What is not taken is refused by the name of its field.",
            "Nothing is guessed: if the outputs fit more than one form, or none, it shows them and the choices, and writes nothing.",
            "Exit code 0: written. 1: the archive does not run, or a choice is needed. 2: misuse, or not an archive."
        })
final class NewCommand implements Callable<Integer> {

    /** Options that have no effect on a package. */
    private static final List<String> OF_ARCHIVES = List.of(
            "--task", "--boxes", "--first-label", "--shape", "--like", "--output", "--head", "--preview", "--image");

    @Parameters(paramLabel = "NAME", description = "The model's name, as in its URL.")
    @SuppressWarnings("NullAway.Init")
    private String name;

    @Option(
            names = "--from",
            required = true,
            paramLabel = "FILE",
            description = "The archive or package. It is copied.")
    @SuppressWarnings("NullAway.Init")
    private Path from;

    @Option(
            names = "--models-dir",
            defaultValue = "models",
            description = "Folder of models (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init")
    private Path modelsDir;

    @Option(names = "--task", description = "One of ${COMPLETION-CANDIDATES}. Default: what the outputs fit.")
    private @Nullable Task task;

    @Option(
            names = "--decoder",
            description =
                    "How the outputs are read: one of ${COMPLETION-CANDIDATES}. Default: what fits the outputs, if it is one.")
    private @Nullable Decoder decoder;

    @Option(
            names = "--boxes",
            description = "Form of boxes: one of ${COMPLETION-CANDIDATES}. Default: as for --decoder.")
    private BoxSpec.@Nullable Form boxes;

    @Option(
            names = "--first-label",
            paramLabel = "NUMBER",
            description =
                    "Number of the first label where a detector returns label numbers: 0 or 1. Default: what the numbers show.")
    private @Nullable Integer firstLabel;

    @Option(names = "--labels", split = ",", description = "Names of the classes, in the order of the outputs.")
    private List<String> labels = new ArrayList<>();

    @Option(
            names = "--shape",
            paramLabel = "[NAME=]SHAPE[:TYPE]",
            description = {
                "Shape of an input, with the batch axis (1x3x512x512, Nx3x512x512) or without it (3,512,512); the type is fp32 unless"
                        + " given. Give it once for each input if forward takes several: image=1x3x64x64 mask=1x64x64:bool.",
                "Default: usual shapes of images are tried."
            })
    private List<String> shapes = new ArrayList<>();

    @Option(
            names = "--like",
            paramLabel = "FAMILY",
            description =
                    "The family of the network, where the outputs do not show all of it: fcos, torchvision-fcos, torchvision-retinanet,"
                            + " detectron2-retinanet, efficientdet, yolov8, yolov8-levels, yolov5, yolov10, solov2, detectron2, maskformer,"
                            + " mask2former, oneformer, detr-panoptic, detr, deformable-detr, conditional-detr, dab-detr, rt-detr.")
    private @Nullable String like;

    @Option(
            names = "--output",
            paramLabel = "NAME",
            description = "Which of several outputs is read. The others are not used.")
    private @Nullable String output;

    @Option(
            names = "--head",
            paramLabel = "OUTPUT=LABELS",
            description =
                    "An output of a classifier with several, and its labels, separated by commas. Give it once for each output.")
    private Map<String, String> heads = new LinkedHashMap<>();

    @Option(
            names = "--preview",
            paramLabel = "FILE.png",
            description = "Also writes a picture with what the model finds in an image, drawn as the service draws it.")
    private @Nullable Path preview;

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description = "The image of --preview. Default: an embedded sample, which is of cells.")
    private @Nullable Path image;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** The JSON output. */
    private record Made(String folder, ModelProposal found, Map<String, Long> normalizations) {}

    @Override
    public Integer call() throws IOException {
        if (!name.matches("[\\w][\\w.-]*")) {
            throw new ParameterException(
                    spec.commandLine(), "the name is '" + name + "', allowed are letters, digits, '.', '_' and '-'");
        }
        Path folder = modelsDir.resolve(name);
        if (Files.exists(folder)) {
            throw new ParameterException(spec.commandLine(), folder + " exists already");
        }
        if (image != null && preview == null) {
            throw new ParameterException(spec.commandLine(), "--image goes with --preview");
        }
        if (image != null && !Files.isReadable(image)) {
            throw new ParameterException(spec.commandLine(), "--image is " + image + ", which cannot be read");
        }
        if (preview != null && (Files.isDirectory(preview) || !isInFolder(preview))) {
            throw new ParameterException(
                    spec.commandLine(), "--preview is " + preview + "; name a file in a folder that exists");
        }
        if (!Files.exists(from)) {
            throw new ParameterException(spec.commandLine(), "--from is " + from + ", which does not exist");
        }
        if (!Files.isReadable(from)) {
            throw new ParameterException(spec.commandLine(), "--from is " + from + ", which cannot be read");
        }
        try {
            ImportedModel.Wish wish = new ImportedModel.Wish(
                    labels, decoder == null ? null : decoder.name().toLowerCase(Locale.ROOT));
            Optional<ImportedModel> imported = ImportedModel.read(from, wish);
            if (imported.isPresent()) {
                refuseOptionsOfArchives();
                return new PackageImport(folder, imported.get(), spec, json).make();
            }
        } catch (RefusedPackageException e) {
            spec.commandLine().getErr().println(from + ": nothing is written. " + e.getMessage());
            return 1;
        }
        try (ArchiveSnapshot snapshot = ArchiveFile.read(from)) {
            return make(folder, snapshot, snapshot.torchScript());
        } catch (TorchScriptException e) {
            spec.commandLine().getErr().println(from + ": " + e.getMessage());
            return 2;
        }
    }

    /** A package says itself what they say; nothing is drawn of a volume. */
    private void refuseOptionsOfArchives() {
        for (String option : OF_ARCHIVES) {
            if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
                throw new ParameterException(
                        spec.commandLine(),
                        "%s goes with an archive, and --from is the package %s; leave it out".formatted(option, from));
            }
        }
    }

    private int make(Path folder, ArchiveSnapshot snapshot, TorchScriptArchive archive) throws IOException {
        ModelProposal found;
        List<StatedShape> wanted = ShapeOption.parse(shapes, spec.commandLine());
        try (PyTorchBackend engine = PyTorchBackend.start(EngineSettings.defaults());
                PyTorchModel model = engine.load(snapshot, BackendPlan.CPU)) {
            found = ModelProposal.of(
                    archive,
                    model,
                    new Wish(task, decoder, boxes, firstLabel, labels, wanted, families(), output, heads()),
                    this::progress);
        } catch (FailureException e) {
            spec.commandLine().getErr().println(from + ": " + e.failure().detail());
            if (shapes.isEmpty()) {
                spec.commandLine()
                        .getErr()
                        .println(
                                "If the input has another shape, say it: --shape 1x3x512x512, or of clips 1x3x16x112x112");
            }
            return 1;
        } catch (TorchScriptException e) { // It is an archive, but of a model that cannot be served.
            spec.commandLine().getErr().println(from + ": " + e.getMessage());
            return 1;
        } catch (UndecidedFormException e) {
            explain(e);
            return 1;
        }
        if (preview != null && !Preview.draws(found.task())) {
            spec.commandLine()
                    .getErr()
                    .println(from + ": nothing is written. --preview is given, but results of the task "
                            + found.task().label() + " are not drawn; leave it out.");
            return 1;
        }
        ProgramFacts program = ProgramFacts.of(archive);
        Map<String, Long> normalizations = archive.normalizations().stream()
                .collect(Collectors.groupingBy(
                        layer -> layer.kind().toString(), LinkedHashMap::new, Collectors.counting()));
        String manifest =
                manifest(found, program, archive.normalizations(), normalizations, archive.hasDetectorTransform());
        ManifestReader.read("model.yaml", manifest, archive, found.input()); // Only a valid manifest is written.
        Files.createDirectories(folder.resolve("1"));
        if (program == null) {
            try (InputStream in = snapshot.newInputStream()) {
                Files.copy(in, folder.resolve("1").resolve("model.pt"));
            }
        } else {
            Files.copy(from, folder.resolve("1").resolve("model.pt2"));
        }
        Files.writeString(folder.resolve("model.yaml"), manifest, StandardCharsets.UTF_8);
        if (preview != null && !drawn(folder, preview, program == null ? "model.pt" : "model.pt2")) {
            return 1;
        }
        print(new Made(folder.toString(), found, normalizations));
        return 0;
    }

    private static boolean isInFolder(Path file) {
        Path folder = file.toAbsolutePath().normalize().getParent();
        return folder != null && Files.isDirectory(folder);
    }

    /** Draws what the new model finds; if it does not run, removes its folder. */
    private boolean drawn(Path folder, Path picture, String archive) throws IOException {
        boolean done = false;
        try {
            Files.write(picture, Preview.draw(folder, image));
            done = true;
        } catch (FailureException e) {
            spec.commandLine()
                    .getErr()
                    .println(from + ": nothing is written. The model cannot be drawn: "
                            + e.failure().detail());
        } catch (IOException e) {
            spec.commandLine().getErr().println(from + ": nothing is written. The picture cannot be made: " + e);
        } finally {
            if (!done) {
                for (String file : List.of("1/" + archive, "1", "model.yaml", "")) {
                    Files.delete(folder.resolve(file));
                }
            }
        }
        return done;
    }

    private List<Like> families() {
        try {
            return like == null ? List.of() : Like.named(like);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private Map<String, List<String>> heads() {
        Map<String, List<String>> named = new LinkedHashMap<>();
        heads.forEach((head, names) -> named.put(head, List.of(names.split(",", -1))));
        return named;
    }

    private void progress(String sentence) {
        spec.commandLine().getErr().println(from + ": " + sentence);
        spec.commandLine().getErr().flush();
    }

    private void explain(UndecidedFormException undecided) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(from + ": nothing is written. " + undecided.getMessage());
        err.println("Choose:");
        for (UndecidedFormException.Choice choice : undecided.choices()) {
            err.println("  java -jar gnserve.jar new " + name + " --from " + from + " --models-dir " + modelsDir + " "
                    + shapes.stream().map(shape -> "--shape " + shape + " ").collect(Collectors.joining())
                    + choice.options());
            err.println("      # " + choice.meaning());
        }
        err.flush();
    }

    private void print(Made made) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(made));
        } else {
            ModelProposal found = made.found();
            out.println(made.folder() + "/model.yaml: " + found.task().label() + ", labels "
                    + (heads.isEmpty() ? found.labels() : heads));
            out.println("decoder " + found.decoder() + ": " + found.meaning());
            found.inputs().forEach(input -> out.println("  input " + input));
            found.outputs().forEach(line -> out.println("  output " + line));
            if (!found.unused().isEmpty()) {
                out.println("not used: " + String.join(", ", found.unused()));
            }
            out.println("normalization layers: " + made.normalizations());
            if (preview != null) {
                out.println("picture: " + preview);
            }
            out.println();
            out.println("Check labels and normalization in model.yaml, then");
            out.println("  java -jar gnserve.jar serve --gnserve.models-dir=" + modelsDir);
            String send = found.task() == Task.TENSORS
                    ? "-d @tensors.json"
                    : found.frames() > 0
                            ? "-F image=@clip.gif"
                            : "-F image=@a.png" + (found.inputs().isEmpty() ? "" : " -F parameters=@parameters.json");
            out.println(
                    "  curl " + send + " http://localhost:8080" + found.task().path(name));
        }
        out.flush();
    }

    /** Two shapes that differ in their sides say that the sides are free. */
    private static String pictures(ArchiveInput input) {
        Resize.Size only = input.onlySize();
        int side = input.usualSide();
        int other = side + 2 * input.sizeMultiple();
        String shapes = only != null
                ? "[%d, %d, %d]".formatted(input.channels(), only.height(), only.width())
                : "[%1$d, %2$d, %3$d], [%1$d, %3$d, %2$d]".formatted(input.channels(), side, other);
        return "# Axes in which the shapes differ accept any size.\nwarmUp: {shapes: [" + shapes + "]}\n"
                + (input.sizeMultiple() == 1
                        ? ""
                        : "input: {sizeMultiple: %d} # the smallest that runs\n".formatted(input.sizeMultiple()));
    }

    private String manifest(
            ModelProposal found,
            @Nullable ProgramFacts program,
            List<NormalizationLayer> layers,
            Map<String, Long> normalizations,
            boolean ownTransform) {
        StringBuilder text = new StringBuilder();
        text.append("# yaml-language-server: $schema=http://localhost:8080/model.schema.json\n");
        text.append("# Outputs for one image, for noise and for sample images:\n");
        found.outputs().forEach(line -> text.append("#   ").append(line).append('\n'));
        if (!found.unused().isEmpty()) {
            text.append("# Not used: ")
                    .append(String.join(", ", found.unused()))
                    .append(".\n");
        }
        text.append("# Read as: ").append(found.meaning()).append(".\n");
        text.append("# Normalization layers: ").append(normalizations).append(".\n");
        text.append("task: ").append(found.task().label()).append('\n');
        // JSON strings and lists are valid YAML.
        if (heads.isEmpty()) {
            text.append("labels: ")
                    .append(JsonMapper.shared().writeValueAsString(found.labels()))
                    .append('\n');
        }
        if (found.task() == Task.TENSORS) {
            if (!found.declaration().isEmpty()) {
                text.append(found.declaration());
            } else if (program == null) {
                text.append(pictures(found.input()));
            } else {
                text.append("# The program says its shapes and types: ")
                        .append(program.inputs())
                        .append(".\n");
            }
            return text.append("verification: {onLoad: warn}\n").toString();
        }
        text.append("input:\n");
        text.append(
                switch (found.input().channels()) {
                    case 1 -> "  colour: gray\n";
                    case 3 -> "  colour: rgb # or bgr, for models from OpenCV code\n";
                    default ->
                        "  channels: %d # as they are stored in a TIFF or a NumPy array\n"
                                .formatted(found.input().channels());
                });
        Resize.Size only = found.input().onlySize();
        if (found.frames() > 0) {
            text.append(
                    "  # Frames of the shape. Which ones the model was trained with says its training: sampling, stride, clips.\n");
            text.append("  clip: {frames: %d, sampling: consecutive, stride: 1}\n".formatted(found.frames()));
        }
        if (only != null) {
            text.append(
                    found.frames() > 0 || !found.inputs().isEmpty()
                            ? "  # The size of the shape.\n"
                            : "  # The archive runs with this size only.\n");
            text.append("  resize: {mode: stretch, width: %d, height: %d}\n".formatted(only.width(), only.height()));
        }
        if (found.frames() == 0) {
            text.append("  sizeMultiple: %d # the smallest that runs\n"
                    .formatted(found.input().sizeMultiple()));
        }
        text.append(ownTransform ? """
                  # torchvision's transform in the archive takes samples of 0 to 1, and resizes and normalizes them itself. So images
                  # come whole, without tiles.
                  normalization: {kind: fixed, scale: 0.00392156862745098}
                """ : """
                  # The archive does not say how samples of 0 to 255 become its input. This maps them to 0 to 1. Many models also need
                  # mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225]
                  normalization: {kind: fixed, scale: 0.00392156862745098}
                """);
        text.append(found.output());
        text.append(found.declaration());
        layers.stream()
                .filter(layer -> layer.groups() != null)
                .findFirst()
                .ifPresent(layer -> text.append("# The archive's Group Normalization: %s groups, epsilon %s in %s.\n"
                        .formatted(layer.groups(), layer.epsilon(), layer.name())));
        text.append("verification: {onLoad: warn}\n");
        return text.toString();
    }
}
