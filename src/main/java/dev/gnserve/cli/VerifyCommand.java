package dev.gnserve.cli;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Normalization;
import dev.gnserve.image.Padding;
import dev.gnserve.image.Preprocessor;
import dev.gnserve.image.Resize;
import dev.gnserve.image.SampleRange;
import dev.gnserve.model.Accuracy;
import dev.gnserve.model.ExpectedGroupNorm;
import dev.gnserve.model.InvalidManifestException;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ProgramInput;
import dev.gnserve.model.StatedInputs;
import dev.gnserve.model.StatedShape;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.pipeline.VolumePipeline;
import dev.gnserve.program.ArchiveFile;
import dev.gnserve.tuning.PlanLayers;
import dev.gnserve.verification.BatchInvariance;
import dev.gnserve.verification.Decisions;
import dev.gnserve.verification.ModelVerifier;
import dev.gnserve.verification.Verdict;
import dev.gnserve.verification.VerificationReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "verify",
        description = {
            "Runs a model on an image. Compares every Group Normalization with float64, layer by layer, and the image's result"
                    + " alone with its result in batches.",
            "Exit code 0: pass. 1: fail. 2: cannot be verified (no archive, no image, no Group Normalization)."
        })
final class VerifyCommand implements Callable<Integer> {

    /** Of --random: 1 GB. */
    private static final int MOST_VALUES = 1 << 28;

    @Parameters(paramLabel = "FILE.pt", description = "The archive.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @ArgGroup(multiplicity = "1")
    @SuppressWarnings("NullAway.Init")
    private Input input;

    /** Exactly one of the two is set. */
    private static final class Input {
        @Option(
                names = "--image",
                paramLabel = "F",
                description =
                        "An image, or a volume of which the first window is taken. The model.yaml beside the archive, or one folder up, says how it is prepared;"
                                + " without one, as RGB from 0 to 1.")
        private @Nullable Path image;

        @Option(
                names = "--random",
                paramLabel = "SHAPE",
                description = "Normally distributed values of this shape: 3x256x256, or with a batch axis of 1:"
                        + " 1x3x256x256.")
        private @Nullable String shape;

        @Option(
                names = "--shape",
                paramLabel = "[NAME=]SHAPE[:TYPE]",
                description =
                        "Values between 0 and 1 of this shape, as the option of the command new; once for each input.")
        private List<String> shapes = new ArrayList<>();
    }

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "8",
            description = "Largest batch of the invariance check; 0 leaves it out. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(
            names = "--plan",
            paramLabel = "PLAN",
            defaultValue = "as-exported",
            description =
                    "The execution plan by which the model runs: as-exported, channels-last, winograd, bfloat16 or int8. The outputs of its layers"
                            + " are compared with those as exported, too. Default: ${DEFAULT-VALUE}.")
    private ExecutionPlan plan = ExecutionPlan.AS_EXPORTED;

    @Option(
            names = "--groups",
            paramLabel = "G",
            description =
                    "Number of groups that every Group Normalization must have. Default: that of model.yaml, under verification.")
    private @Nullable Integer groups;

    @Option(
            names = "--epsilon",
            paramLabel = "E",
            description = "Epsilon that every Group Normalization must have. Default: as for --groups.")
    private @Nullable Double epsilon;

    @Option(
            names = "--seed",
            defaultValue = "0",
            description = "Seed of the values of --random. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (batch < 0 || batch > 256) {
            throw new ParameterException(spec.commandLine(), "--batch is " + batch + ", allowed is 0 to 256");
        }
        VerificationReport report;
        try (ArchiveSnapshot archive = ArchiveFile.read(file)) {
            ProgramInput program = ProgramInput.of(archive.torchScript()); // Refuses what cannot be verified.
            if (program != null && !program.takesOneBatch() && input.shapes.isEmpty()) {
                return cannot(file + ": the program takes " + program
                        + ". Say the shape of each: --shape NAME=SHAPE, once for each input");
            }
            report = verify(archive);
        } catch (TorchScriptException | InvalidManifestException e) {
            return cannot(file + ": " + e.getMessage());
        } catch (FailureException e) {
            return cannot(e.failure().detail());
        } catch (IOException e) {
            return cannot(e.getClass().getSimpleName() + ": " + e.getMessage());
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(report));
        } else {
            print(out, report);
        }
        out.flush();
        return switch (report.verdict()) {
            case PASS -> 0;
            case FAIL -> 1;
            case NOT_APPLICABLE -> 2;
        };
    }

    private ExpectedGroupNorm expected(@Nullable ModelManifest manifest) {
        ExpectedGroupNorm declared = manifest == null
                ? ExpectedGroupNorm.ANY
                : manifest.verification().expected();
        try {
            return new ExpectedGroupNorm(
                    groups == null ? declared.groups() : groups, epsilon == null ? declared.epsilon() : epsilon);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
        }
    }

    private VerificationReport verify(ArchiveSnapshot archive) throws IOException {
        try (Engine engine = new Engine(PyTorchBackend.start(EngineSettings.defaults()))) {
            EngineScope scope = engine.scope(file.toString());
            ModelManifest manifest = manifest(archive, scope);
            ModelInput image;
            int most = batch;
            if (input.shapes.isEmpty()) {
                image = input.image != null ? prepared(input.image, manifest) : random(String.valueOf(input.shape));
            } else {
                try (BackendModel model = scope.load(archive, BackendPlan.CPU)) {
                    List<StatedShape> shapes = ShapeOption.parse(input.shapes, spec.commandLine());
                    StatedInputs stated = StatedInputs.of(archive.torchScript(), model, shapes);
                    image = stated.input();
                    most = Math.min(batch, stated.mostAtOnce());
                }
            }
            if (plan != ExecutionPlan.AS_EXPORTED && !(image instanceof FloatTensor)) {
                throw new FailureException(
                        FailureCode.INVALID_REQUEST,
                        "--plan compares models of one float32 tensor, and this one takes other inputs; leave --plan out");
            }
            try (ModelVerifier verifier = new ModelVerifier(
                    scope,
                    archive,
                    file.toString(),
                    new BackendPlan(Device.AUTO, 0, plan),
                    expected(manifest),
                    manifest == null ? Decisions.HIGHEST : Decisions.of(manifest),
                    Duration.ofMinutes(5))) {
                VerificationReport report = verifier.verifyNow(image, most);
                return plan != ExecutionPlan.AS_EXPORTED && image instanceof FloatTensor one
                        ? comparedWithExported(report, scope, archive, one)
                        : report;
            }
        }
    }

    /** A layer can be right for the input that it has, where the plan has lost digits of that input before. */
    private VerificationReport comparedWithExported(
            VerificationReport report, EngineScope scope, ArchiveSnapshot archive, FloatTensor image) {
        String layer = PlanLayers.parting(scope, archive, Device.AUTO, plan, image, Accuracy.of(plan));
        if (layer == null) {
            return report;
        }
        String reason =
                "by the plan " + plan + ", outputs differ from those as exported; the first Group Normalization that"
                        + " differs is " + layer;
        return new VerificationReport(
                report.calls(),
                report.batchInvariance(),
                report.unverified(),
                Verdict.FAIL,
                report.reason() == null ? reason : report.reason() + "; " + reason);
    }

    private int cannot(String why) {
        spec.commandLine().getErr().println(why);
        return 2;
    }

    private FloatTensor random(String shape) {
        if (!shape.matches("[1-9]\\d{0,5}(x[1-9]\\d{0,5}){1,5}")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--random is " + shape + ", allowed are sizes such as 3x256x256 or 1x3x256x256");
        }
        int[] sizes = List.of(shape.split("x", -1)).stream()
                .mapToInt(Integer::parseInt)
                .toArray();
        double count = Arrays.stream(sizes).asDoubleStream().reduce(1, (one, other) -> one * other);
        if (count > MOST_VALUES) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--random is %s, which is %.3g values; allowed are %,d at most"
                            .formatted(shape, count, MOST_VALUES));
        }
        TensorShape whole = TensorShape.of(sizes);
        // Without the batch axis, inputs have three axes or more: [C, H, W] or [C, D, H, W].
        TensorShape one = sizes.length > 3 && sizes[0] == 1 ? whole.withoutFirst() : whole;
        float[] values = new float[one.elements()];
        Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new FloatTensor(one, values);
    }

    private static FloatTensor prepared(Path image, @Nullable ModelManifest manifest) throws IOException {
        Upload upload = new Upload(String.valueOf(image.getFileName()), Files.readAllBytes(image));
        if (manifest != null && manifest.input().volume() != null) {
            return VolumePipeline.forCommands().firstWindow(manifest, upload).input();
        }
        ImagePipeline pipeline = ImagePipeline.forCommands();
        if (manifest != null) {
            return pipeline.firstTile(manifest, upload).input();
        }
        Preprocessor usual = new Preprocessor(
                ChannelOrder.RGB,
                SampleRange.FULL,
                new Resize.None(),
                new Normalization.Fixed(1 / 255f, Collections.nCopies(3, 0f), Collections.nCopies(3, 1f)),
                Padding.NONE,
                null);
        return pipeline.firstTile(usual, upload).input();
    }

    /** The model.yaml in the folder of the archive, or in the one above. */
    private @Nullable ModelManifest manifest(ArchiveSnapshot archive, EngineScope scope) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        for (int up = 0; up < 2 && folder != null; up++) {
            Path manifest = folder.resolve("model.yaml");
            if (Files.isRegularFile(manifest)) {
                return ManifestReader.read(manifest.toString(), Files.readString(manifest), archive, scope);
            }
            folder = folder.getParent();
        }
        return null;
    }

    private static void print(PrintWriter out, VerificationReport report) {
        int width = report.calls().stream()
                .mapToInt(call -> call.layer().length())
                .max()
                .orElse(0);
        String row = "%-" + Math.max(5, width) + "s  %4s  %6s  %8s  %9s  %-20s  %10s  %10s  %s%n";
        if (!report.calls().isEmpty()) {
            out.printf(row, "layer", "call", "groups", "channels", "epsilon", "shape", "error", "tolerance", "verdict");
        }
        report.calls()
                .forEach(call -> out.printf(
                        row,
                        call.layer(),
                        call.call(),
                        call.groups(),
                        call.channels(),
                        call.epsilon(),
                        call.shape(),
                        "%.3g".formatted(call.maxAbsoluteError()),
                        "%.3g".formatted(call.tolerance()),
                        call.verdict() + (call.reason() == null ? "" : ": " + call.reason())));
        BatchInvariance invariance = report.batchInvariance();
        if (invariance != null) {
            out.printf(
                    "batches up to %d: %s%n",
                    invariance.batch(),
                    invariance.verdict() == Verdict.NOT_APPLICABLE
                            ? "not applicable: " + invariance.reason()
                            : invariance.verdict() + ", "
                                    + (invariance.bitIdentical()
                                            ? "bit-identical"
                                            : "differs by %.3g, decisions changed at %d positions"
                                                    .formatted(
                                                            invariance.maxAbsoluteDifference(),
                                                            invariance.changedDecisions())));
        }
        report.unverified().forEach(layer -> out.println("not verified: " + layer.layer() + ": " + layer.reason()));
        out.println(report.verdict() + (report.reason() == null ? "" : ": " + report.reason()));
    }
}
