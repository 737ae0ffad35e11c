package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.batching.BatchPolicy;
import dev.gnserve.image.Resize;
import dev.gnserve.model.NamedInputs.NamedInput;
import dev.gnserve.model.Verification.OnLoad;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads {@code model.yaml}; here are the defaults that depend on the archive or on other fields. */
public final class ManifestReader {

    private static final Map<String, ChronoUnit> UNITS =
            Map.of("us", ChronoUnit.MICROS, "ms", ChronoUnit.MILLIS, "s", ChronoUnit.SECONDS, "m", ChronoUnit.MINUTES);

    private ManifestReader() {}

    /** What is asked of an archive where the manifest leaves it out. */
    @FunctionalInterface
    public interface Archive {

        ArchiveInput input() throws IOException;

        /** What the program says from which the archive was made; null if it was made from none. */
        default @Nullable ProgramInput program() {
            return null;
        }

        /** Whether it resizes images itself, so that they must come whole. */
        default boolean resizes() {
            return false;
        }
    }

    private record Known(TorchScriptArchive archive, ArchiveInput input) implements Archive {

        @Override
        public @Nullable ProgramInput program() {
            return ProgramInput.of(archive);
        }

        @Override
        public boolean resizes() {
            return archive.hasDetectorTransform();
        }
    }

    private record OfSnapshot(ArchiveSnapshot archive, EngineScope scope) implements Archive {

        @Override
        public ArchiveInput input() {
            return ArchiveInput.of(scope, archive);
        }

        @Override
        public boolean resizes() {
            return archive.torchScript().hasDetectorTransform();
        }

        @Override
        public @Nullable ProgramInput program() {
            return ProgramInput.of(archive);
        }
    }

    /**
     * Reads the manifest of a model; what it leaves out and the archive can tell is found by running that.
     *
     * @param archive of the model
     * @param scope where the trial runs are registered
     * @throws InvalidManifestException naming line, field, value and what is allowed
     * @throws IOException if the manifest cannot be read
     */
    public static ModelManifest read(ModelSource source, ArchiveSnapshot archive, EngineScope scope)
            throws IOException {
        return read(source.manifestLocation(), source.manifest(), archive, scope);
    }

    /**
     * As {@link #read(ModelSource, ArchiveSnapshot, EngineScope)}, for the text of a manifest.
     *
     * @param file its name, for messages
     */
    public static ModelManifest read(String file, String yaml, ArchiveSnapshot archive, EngineScope scope)
            throws IOException {
        return read(file, yaml, new OfSnapshot(archive, scope));
    }

    /**
     * Reads the manifest of an archive whose input is known.
     *
     * @param file its name, for messages
     * @throws InvalidManifestException naming line, field, value and what is allowed
     */
    public static ModelManifest read(String file, String yaml, TorchScriptArchive archive, ArchiveInput input)
            throws IOException {
        return read(file, yaml, new Known(archive, input));
    }

    /**
     * Reads a manifest without its archive; what it leaves out is as usual.
     *
     * @param file its name, for messages
     * @throws InvalidManifestException naming line, field, value and what is allowed
     */
    public static ModelManifest read(String file, String yaml) {
        try {
            return read(file, yaml, () -> ArchiveInput.USUAL);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads a manifest.
     *
     * @param file its name, for messages
     * @param archive asked at most once, and only for what the manifest leaves out
     * @throws InvalidManifestException naming line, field, value and what is allowed
     * @throws IOException if the archive cannot be read
     */
    public static ModelManifest read(String file, String yaml, Archive archive) throws IOException {
        ManifestTree tree = ManifestTree.of(file, yaml);
        Task task = tree.get("/task", Task.class);
        List<String> labels = labels(tree, task);
        Archive once = new Asked(archive);
        InputSpec input = InputSection.read(tree, task, once);
        OutputSpec output = OutputSection.read(tree, task, labels, once);
        ProgramInput program = archive.program();
        NamedInputs named = named(tree, task, program);
        VolumeSpec volume = input.volume();
        BatchPolicy batching = batching(tree, program, named, volume != null);
        int mostSide = program == null || task == Task.TENSORS
                ? Integer.MAX_VALUE
                : program.images().mostSide();
        if (task == Task.TENSORS && program == null && named == null && !tree.gives("/warmUp/shapes")) {
            boolean section = tree.gives("/warmUp");
            tree.make(section ? "/warmUp" : "", () -> {
                throw new IllegalArgumentException(
                        section
                                ? "shapes is missing; allowed is a list such as [[3,256,256]]"
                                : "warmUp is missing; allowed is a section such as {shapes: [[3, 256, 256]]}");
            });
        }
        ProgramInput tensors = task == Task.TENSORS ? program : null;
        WarmUp warmUp = warmUp(tree, tensors, named, input.usualSize(mostSide), input, batching);
        return tree.make(
                "",
                () -> new ModelManifest(
                        task,
                        labels,
                        tree.get("/description", String.class),
                        tree.get("/license", String.class),
                        input,
                        output,
                        thresholds(tree, output),
                        batching,
                        execution(tree),
                        verification(tree),
                        warmUp,
                        tree.has("/golden") ? tree.get("/golden", Golden.class) : null));
    }

    private static Execution execution(ManifestTree tree) {
        String plan = tree.get("/execution/plan", String.class);
        boolean auto = plan.equals(Execution.AUTO);
        Accuracy accuracy = tree.make("/execution/accuracy", () -> {
            if (!auto && tree.isGiven("/execution/accuracy")) {
                throw new IllegalArgumentException(
                        "says how far a plan may go that is chosen by plan: auto, and the plan is " + plan
                                + "; leave one of them out");
            }
            return Accuracy.of(tree.get("/execution/accuracy", String.class));
        });
        return tree.make(
                "/execution",
                () -> new Execution(
                        tree.get("/execution/workers", Integer.class),
                        tree.get("/execution/threads", Integer.class),
                        tree.get("/execution/device", Device.class),
                        auto ? null : ExecutionPlan.named(plan),
                        accuracy));
    }

    /** Of a classifier with several heads: those of all heads. */
    private static List<String> labels(ManifestTree tree, Task task) {
        if (!tree.isGiven("/output/heads")) {
            return List.of(tree.get("/labels", String[].class, new String[0]));
        }
        return tree.make("/output/heads", () -> {
            if (task != Task.CLASSIFICATION) {
                throw new IllegalArgumentException("goes with task classification and not with " + task.label());
            }
            for (String other : new String[] {"/labels", "/output/name", "/output/channels"}) {
                if (tree.isGiven(other)) {
                    throw new IllegalArgumentException("is given beside "
                            + other.substring(1).replace('/', '.')
                            + ", but each head has its own name and labels; remove "
                            + other.substring(1).replace('/', '.'));
                }
            }
            return ClassifierHeads.labels(tree);
        });
    }

    /** An archive whose answer is kept: it is found by running it. */
    private static final class Asked implements Archive {

        private final Archive archive;
        private @Nullable ArchiveInput answer;

        Asked(Archive archive) {
            this.archive = archive;
        }

        @Override
        public ArchiveInput input() throws IOException {
            ArchiveInput known = answer == null ? archive.input() : answer;
            answer = known;
            return known;
        }

        @Override
        public @Nullable ProgramInput program() {
            return archive.program();
        }

        @Override
        public boolean resizes() {
            return archive.resizes();
        }
    }

    /** Objects of exclusive classes are connected pixels, unless the manifest gives a threshold for seeds. */
    private static Thresholds thresholds(ManifestTree tree, OutputSpec output) {
        Thresholds given = tree.get("/thresholds", Thresholds.class);
        return output.exclusive() && !tree.isGiven("/thresholds/seed") ? given.withSeed(0) : given;
    }

    private static NamedInput named(ParameterSection.Entry entry) {
        if (entry.shapes() == null || entry.value() != null) {
            throw new IllegalArgumentException("input " + entry.name()
                    + " needs shapes such as [[3, 64, 64]], and no value: that is for tensors beside an image");
        }
        return new NamedInput(entry.name(), entry.type(), entry.tensorShapes());
    }

    /** The inputs by name, as the manifest or else the program gives them; null for one tensor of a batch. */
    private static @Nullable NamedInputs named(ManifestTree tree, Task task, @Nullable ProgramInput program) {
        boolean given = tree.gives("/inputs") && task == Task.TENSORS;
        if (!given && !tree.gives("/batching/whole")) {
            return program != null && task == Task.TENSORS ? program.named() : null;
        }
        return tree.make(given ? "/inputs" : "/batching/whole", () -> {
            String refusal = refusalOfInputs(tree, task, program);
            if (refusal != null) {
                throw new IllegalArgumentException(refusal);
            }
            List<NamedInput> inputs = Stream.of(tree.get("/inputs", ParameterSection.Entry[].class))
                    .map(ManifestReader::named)
                    .toList();
            return new NamedInputs(inputs, tree.get("/batching/whole", Boolean.class));
        });
    }

    private static @Nullable String refusalOfInputs(ManifestTree tree, Task task, @Nullable ProgramInput program) {
        if (task != Task.TENSORS) {
            return "goes with task tensors; with task " + task.label() + " an input is an image";
        } else if (program != null) {
            return "is given, but the program says its inputs itself; remove it";
        } else if (!tree.gives("/inputs")) {
            return "needs inputs, a list such as [{name: image, shapes: [[1, 3, 64, 64]]}]";
        }
        return tree.gives("/warmUp/shapes") || tree.gives("/warmUp/dataTypes")
                ? "is given beside shapes or dataTypes of warmUp; write them in inputs"
                : null;
    }

    private static BatchPolicy batching(
            ManifestTree tree, @Nullable ProgramInput program, @Nullable NamedInputs named, boolean volumes) {
        boolean whole = named != null && named.whole();
        int mostAtOnce = whole ? 1 : program == null ? Integer.MAX_VALUE : program.mostAtOnce();
        boolean alone = volumes && !tree.gives("/batching/maxSize"); // A window has millions of values.
        int wanted = alone ? 1 : tree.get("/batching/maxSize", Integer.class);
        int maxSize = tree.make("/batching/maxSize", () -> {
            if (wanted > mostAtOnce && tree.gives("/batching/maxSize")) {
                throw new IllegalArgumentException(
                        whole
                                ? "is " + wanted + "; a pass runs one request as a whole. Leave it out"
                                : "is " + wanted + "; the program takes batches of up to " + mostAtOnce
                                        + ". Export it with a free first axis for larger ones");
            }
            return Math.min(wanted, mostAtOnce);
        });
        int natural = Math.max(BatchPolicy.DEFAULT.queueCapacity(), maxSize);
        int queueCapacity = tree.get("/batching/queueCapacity", Integer.class, natural);
        Duration maxDelay = duration(tree, "/batching/maxDelay");
        Duration maxTime = duration(tree, "/batching/maxTime");
        return tree.make("/batching", () -> new BatchPolicy(maxSize, maxDelay, queueCapacity, maxTime));
    }

    private static Duration duration(ManifestTree tree, String pointer) {
        String[] parts = tree.get(pointer, String.class).split("\\s*(?=[a-z])", 2); // 5 and ms
        return Duration.of(Long.parseLong(parts[0]), UNITS.get(parts[1]));
    }

    private static Verification verification(ManifestTree tree) {
        ExpectedGroupNorm expected = tree.get("/verification", ExpectedGroupNorm.class);
        OnLoad onLoad = tree.get("/verification/onLoad", OnLoad.class);
        return new Verification(onLoad, tree.get("/verification/sampleRate", Float.class), expected);
    }

    /**
     * Reads what runs before the model is ready.
     *
     * @param program whose input the warm-up takes as it is; null for images
     * @param named inputs with their own shapes; null for one tensor of a batch
     * @param size of a typical image as input
     */
    private static WarmUp warmUp(
            ManifestTree tree,
            @Nullable ProgramInput program,
            @Nullable NamedInputs named,
            Resize.Size size,
            InputSpec input,
            BatchPolicy batching) {
        int most = batching.maxSize();
        int[][] usual = named != null
                ? arrays(named.inputs().get(0).shapes())
                : program != null
                        ? arrays(program.shapes().stream()
                                .map(together -> together.get(0))
                                .toList())
                        : new int[][] {usualInput(input, size)};
        ElementType usualType = program == null ? ElementType.FP32 : program.type();
        int[][] shapes = tree.get("/warmUp/shapes", int[][].class, usual);
        Integer[] natural = most == 1 ? new Integer[] {1} : new Integer[] {1, most};
        List<Integer> batchSizes = List.of(tree.get("/warmUp/batchSizes", Integer[].class, natural));
        ElementType[] dataTypes = tree.get("/warmUp/dataTypes", ElementType[].class, new ElementType[] {usualType});
        return tree.make("/warmUp", () -> {
            if (Collections.max(batchSizes) > most) {
                throw new IllegalArgumentException(
                        "batchSizes are " + batchSizes + "; allowed are those up to batching.maxSize (" + most + ")");
            }
            List<TensorShape> own = Stream.of(shapes).map(TensorShape::of).toList();
            ImageParameters parameters = input.parameters();
            NamedInputs together = parameters == null ? named : parameters.named(own);
            return new WarmUp(own, batchSizes, List.of(dataTypes), together);
        });
    }

    private static int[] usualInput(InputSpec input, Resize.Size size) {
        int channels = input.colour().channels();
        VolumeSpec volume = input.volume();
        ClipSpec clip = input.clip();
        if (clip != null) {
            return new int[] {channels, clip.frames(), size.height(), size.width()};
        }
        return volume == null
                ? new int[] {channels, size.height(), size.width()}
                : volume.shape(
                                channels,
                                volume.window().stream()
                                        .mapToInt(Integer::intValue)
                                        .toArray())
                        .toArray();
    }

    private static int[][] arrays(List<TensorShape> shapes) {
        return shapes.stream().map(TensorShape::toArray).toArray(int[][]::new);
    }
}
