package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.batching.BatchPolicy;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Normalization;
import dev.gnserve.image.Padding;
import dev.gnserve.image.Resize;
import dev.gnserve.image.SampleRange;
import dev.gnserve.image.SampleRange.Kind;
import dev.gnserve.image.Tiling;
import dev.gnserve.model.BoxSpec.Form;
import dev.gnserve.model.BoxSpec.Scores;
import dev.gnserve.model.BoxSpec.Unit;
import dev.gnserve.model.NamedInputs.NamedInput;
import dev.gnserve.model.OutputSpec.Decoder;
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

    /** Most networks halve their input four times or less; fewer sizes make fuller batches. */
    private static final int USUAL_MULTIPLE = 16;

    private static final int USUAL_TILE = 512;

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
        return read(source.location() + "/model.yaml", source.manifest(), archive, scope);
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
        List<String> labels = List.of(tree.get("/labels", String[].class, new String[0]));
        Archive once = new Asked(archive);
        InputSpec input = input(tree, task, once);
        OutputSpec output = output(tree, task, labels, once);
        ProgramInput program = archive.program();
        NamedInputs named = named(tree, task, program);
        BatchPolicy batching = batching(tree, program, named);
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
                        tree.get("/execution", Execution.class),
                        verification(tree),
                        warmUp,
                        tree.has("/golden") ? tree.get("/golden", Golden.class) : null));
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

    private static InputSpec input(ManifestTree tree, Task task, Archive archive) throws IOException {
        boolean said = tree.has("/input/colour") || tree.has("/input/channels");
        boolean complete = task == Task.TENSORS || (said && tree.has("/input/sizeMultiple"));
        ArchiveInput found = complete && archive.program() == null ? ArchiveInput.USUAL : archive.input();
        ChannelOrder colour = channels(tree, found);
        Resize.Size size = task == Task.TENSORS ? null : found.onlySize();
        Resize only = size == null ? new Resize.None() : new Resize.Stretch(size.width(), size.height());
        Resize resize = tree.has("/input/resize") ? resize(tree) : only;
        int step = found.sizeMultiple();
        boolean resizes = task == Task.DETECTION && archive.resizes();
        int usual = size != null || resizes ? 1 : (USUAL_MULTIPLE + step - 1) / step * step;
        int multiple = tree.get("/input/sizeMultiple", Integer.class, task == Task.TENSORS ? 1 : usual);
        Padding padding = new Padding(multiple, tree.get("/input/padding", Padding.Mode.class), 0);
        // One result for the whole, or a size that was chosen, here or in the archive: no reason to cut.
        // Queries show the objects of a whole image.
        boolean queries = isQueries(tree.get("/output/decoder", Decoder.class, Decoder.TENSORS));
        boolean one = task == Task.CLASSIFICATION || task == Task.EMBEDDING;
        boolean whole = queries || one || !(resize instanceof Resize.None) || resizes;
        Tiling tiling = whole && !tree.has("/input/tile") ? null : tiling(tree, multiple, found.mostSide());
        SampleRange range = range(tree);
        Normalization normalization = normalization(tree, colour.channels());
        return tree.make("/input", () -> new InputSpec(colour, range, resize, padding, tiling, normalization));
    }

    private static ChannelOrder channels(ManifestTree tree, ArchiveInput found) {
        if (tree.has("/input/channels")) {
            return tree.make("/input/channels", () -> {
                if (tree.has("/input/colour")) {
                    throw new IllegalArgumentException(
                            "is given beside colour; allowed is colour for gray and RGB, or channels for those that are stored");
                }
                return new ChannelOrder.Stored(tree.get("/input/channels", Integer.class));
            });
        }
        return tree.has("/input/colour")
                ? tree.get("/input/colour", ChannelOrder.Colour.class)
                : usualChannels(found.channels());
    }

    /** Gray or RGB where the archive takes 1 or 3 channels, else those that are stored. */
    private static ChannelOrder usualChannels(int channels) {
        return switch (channels) {
            case 1 -> ChannelOrder.GRAY;
            case 3 -> ChannelOrder.RGB;
            default -> new ChannelOrder.Stored(Math.min(channels, ChannelOrder.Stored.MOST));
        };
    }

    private static Tiling tiling(ManifestTree tree, int multiple, int mostSide) {
        int usual = Math.max(1, Math.min(USUAL_TILE, mostSide) / multiple) * multiple;
        int size = tree.get("/input/tile/size", Integer.class, usual);
        int overlap = tree.get("/input/tile/overlap", Integer.class, Math.min(64, size / 4));
        return tree.make("/input/tile", () -> new Tiling(size, overlap));
    }

    private static Resize resize(ManifestTree tree) {
        Class<? extends Resize> type = switch (tree.get("/input/resize/mode", String.class)) {
            case "stretch" -> Resize.Stretch.class;
            case "shortest-side" -> Resize.ShortestSide.class;
            case "fit" -> Resize.Fit.class;
            default -> Resize.None.class;
        };
        return tree.get("/input/resize", type);
    }

    private static SampleRange range(ManifestTree tree) {
        String at = "/input/range";
        Kind kind = switch (tree.get(at + "/kind", String.class)) {
            case "min-max" -> Kind.MIN_MAX;
            case "percentile" -> Kind.PERCENTILE;
            case "stored" -> Kind.STORED;
            default -> Kind.FULL;
        };
        if (kind != Kind.PERCENTILE) {
            return new SampleRange(kind, 0, 100);
        }
        float low = tree.get(at + "/low", Float.class);
        float high = tree.get(at + "/high", Float.class);
        return tree.make(at, () -> new SampleRange(kind, low, high));
    }

    private static Normalization normalization(ManifestTree tree, int channels) {
        String at = "/input/normalization";
        if (tree.get(at + "/kind", String.class).equals("percentile")) {
            return tree.get(at, Normalization.Percentile.class);
        }
        float scale = tree.get(at + "/scale", Float.class);
        List<Float> mean = perChannel(tree, at + "/mean", channels, 0);
        List<Float> deviation = perChannel(tree, at + "/standardDeviation", channels, 1);
        return tree.make(at, () -> new Normalization.Fixed(scale, mean, deviation));
    }

    private static List<Float> perChannel(ManifestTree tree, String at, int channels, float usual) {
        if (!tree.has(at)) {
            return Collections.nCopies(channels, usual);
        }
        return tree.make(at, () -> {
            List<Float> values = List.of(tree.get(at, Float[].class));
            if (values.size() != channels) {
                throw new IllegalArgumentException(
                        "has " + values.size() + " values; allowed is one per channel (" + channels + ")");
            }
            return values;
        });
    }

    private static OutputSpec output(ManifestTree tree, Task task, List<String> labels, Archive archive)
            throws IOException {
        boolean perhapsAlone = labels.size() == 1 && !tree.has("/output/decoder") && !tree.has("/output/channels");
        Decoder usual = switch (task) {
            case DETECTION -> Decoder.BOXES;
            case TENSORS -> Decoder.TENSORS;
            case EMBEDDING -> Decoder.EMBEDDING;
            // Softmax of a single logit is always 1.
            case SEGMENTATION, CLASSIFICATION ->
                perhapsAlone && archive.input().logits() == 1 ? Decoder.SIGMOID : Decoder.SOFTMAX;
        };
        Decoder decoder = tree.get("/output/decoder", Decoder.class, usual);
        // Probabilities that sum to one come from a softmax; a map of classes numbers the background, too.
        boolean mask = task == Task.SEGMENTATION;
        boolean oneClass = mask
                && (decoder == Decoder.SOFTMAX
                        || decoder == Decoder.CLASSES
                        || decoder == Decoder.HOVERNET
                        || (decoder == Decoder.PROBABILITIES && tree.get("/output/exclusive", Boolean.class, true)));
        List<String> natural = !oneClass
                ? labels
                : Stream.concat(Stream.of(OutputSpec.BACKGROUND), labels.stream())
                        .toList();
        List<String> channels = List.of(tree.get("/output/channels", String[].class, natural.toArray(String[]::new)));
        String name = tree.get("/output/name", String.class, "");
        boolean fromZero = decoder == Decoder.DETECTRON2 && !tree.isGiven("/output/firstLabel");
        int firstLabel = task == Task.DETECTION && !fromZero ? tree.get("/output/firstLabel", Integer.class) : 0;
        boolean ownThreshold = tree.isGiven("/thresholds/mask") && decoder != Decoder.CLASSES;
        boolean exclusive = tree.get(
                "/output/exclusive",
                Boolean.class,
                (oneClass || (mask && isQueries(decoder))) && !ownThreshold && !channels.contains(OutputSpec.BOUNDARY));
        float atLeast = tree.get("/output/atLeast", Float.class);
        return tree.make(
                "/output",
                () -> new OutputSpec(
                        decoder,
                        name.isEmpty() ? null : name,
                        channels,
                        firstLabel,
                        exclusive,
                        atLeast,
                        boxes(tree, decoder),
                        family(tree, decoder, labels)));
    }

    private static boolean isQueries(Decoder decoder) {
        return decoder == Decoder.MASKFORMER || decoder == Decoder.MASK2FORMER;
    }

    private static @Nullable FamilySpec family(ManifestTree tree, Decoder decoder, List<String> labels) {
        FamilyFields.require(tree, decoder);
        InstanceSpec instances = InstanceOptions.read(tree, decoder);
        return switch (decoder) {
            case FCOS -> FcosSpec.read(tree);
            case RETINANET -> RetinaNetSpec.read(tree);
            case BOXES -> tree.isGiven("/output/keypoints") ? KeyPointSpec.read(tree) : null;
            case SOFTMAX, SIGMOID, PROBABILITIES, CLASSES, DETR, TENSORS, DETECTRON2 -> null;
            case HOVERNET, STARDIST, CELLPOSE -> instances;
            case SOLOV2 -> SoloSpec.read(tree);
            case EMBEDDING -> EmbeddingSpec.read(tree);
            case MASKFORMER -> QuerySpec.read(tree, false, labels);
            case MASK2FORMER -> QuerySpec.read(tree, true, labels);
        };
    }

    private static BoxSpec boxes(ManifestTree tree, Decoder decoder) {
        boolean detr = decoder == Decoder.DETR;
        Form form = tree.get("/output/boxes", Form.class, detr ? Form.CXCYWH : Form.XYXY);
        Unit unit = tree.get("/output/unit", Unit.class, detr ? Unit.FRACTIONS : Unit.PIXELS);
        Scores scores = tree.get("/output/scores", Scores.class, detr ? Scores.SOFTMAX : Scores.PROBABILITIES);
        return new BoxSpec(form, unit, scores);
    }

    /** Objects of exclusive classes are connected pixels, unless the manifest gives a threshold for seeds. */
    private static Thresholds thresholds(ManifestTree tree, OutputSpec output) {
        Thresholds given = tree.get("/thresholds", Thresholds.class);
        return output.exclusive() && !tree.isGiven("/thresholds/seed") ? given.withSeed(0) : given;
    }

    /** An entry of inputs. */
    private record GivenInput(String name, @Nullable ElementType dataType, List<List<Integer>> shapes) {

        NamedInput input() {
            ElementType type = dataType == null ? ElementType.FP32 : dataType;
            return new NamedInput(
                    name, type, shapes.stream().map(GivenInput::shape).toList());
        }

        private static TensorShape shape(List<Integer> sizes) {
            return TensorShape.of(sizes.stream().mapToInt(Integer::intValue).toArray());
        }
    }

    /** The inputs by name, as the manifest or else the program gives them; null for one tensor of a batch. */
    private static @Nullable NamedInputs named(ManifestTree tree, Task task, @Nullable ProgramInput program) {
        boolean given = tree.gives("/inputs");
        if (!given && !tree.gives("/batching/whole")) {
            return program != null && task == Task.TENSORS ? program.named() : null;
        }
        return tree.make(given ? "/inputs" : "/batching/whole", () -> {
            String refusal = refusalOfInputs(tree, task, program);
            if (refusal != null) {
                throw new IllegalArgumentException(refusal);
            }
            List<NamedInput> inputs = Stream.of(tree.get("/inputs", GivenInput[].class))
                    .map(GivenInput::input)
                    .toList();
            return new NamedInputs(inputs, tree.get("/batching/whole", Boolean.class));
        });
    }

    private static @Nullable String refusalOfInputs(ManifestTree tree, Task task, @Nullable ProgramInput program) {
        if (task != Task.TENSORS) {
            return "goes with task tensors; with task " + task.label() + " the only input is an image";
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
            ManifestTree tree, @Nullable ProgramInput program, @Nullable NamedInputs named) {
        boolean whole = named != null && named.whole();
        int mostAtOnce = whole ? 1 : program == null ? Integer.MAX_VALUE : program.mostAtOnce();
        int wanted = tree.get("/batching/maxSize", Integer.class);
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
                        : new int[][] {{input.colour().channels(), size.height(), size.width()}};
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
            return new WarmUp(Stream.of(shapes).map(TensorShape::of).toList(), batchSizes, List.of(dataTypes), named);
        });
    }

    private static int[][] arrays(List<TensorShape> shapes) {
        return shapes.stream().map(TensorShape::toArray).toArray(int[][]::new);
    }
}
