package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.batching.BatchPolicy;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Normalization;
import dev.gnserve.image.Padding;
import dev.gnserve.image.Resize;
import dev.gnserve.image.Tiling;
import dev.gnserve.model.OutputSpec.Decoder;
import dev.gnserve.model.Verification.OnLoad;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads {@code model.yaml}; here are its fields, their bounds and their defaults. */
public final class ManifestReader {

    private static final int LARGEST_SIDE = 16_384;

    /** Most networks halve their input four times or less; fewer sizes make fuller batches. */
    private static final int USUAL_MULTIPLE = 16;

    private ManifestReader() {}

    /** What is asked of an archive where the manifest leaves it out. */
    @FunctionalInterface
    public interface Archive {

        ArchiveInput input() throws IOException;
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
        return read(source.location() + "/model.yaml", source.manifest(), () -> ArchiveInput.of(scope, archive));
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
        YamlFields top = YamlFields.of(YamlNode.parse(file, yaml));
        Task task = top.requiredChoice("task", Task.class);
        List<String> labels = top.texts("labels", List.of());
        String description = top.text("description", "");
        String license = top.text("license", "unknown");
        Archive once = new Asked(archive);
        InputSpec input = input(top.section("input"), task, once);
        OutputSpec output = output(top.section("output"), task, labels, once);
        Thresholds thresholds = thresholds(top.section("thresholds"));
        BatchPolicy batching = batching(top.section("batching"));
        Execution execution = execution(top.section("execution"));
        Verification verification = verification(top.section("verification"));
        WarmUp warmUp = warmUp(top.section("warmUp"), task, input, batching);
        Golden golden = top.has("golden") ? golden(top.section("golden")) : null;
        return top.end(() -> new ModelManifest(
                task,
                labels,
                description,
                license,
                input,
                output,
                thresholds,
                batching,
                execution,
                verification,
                warmUp,
                golden));
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
    }

    private static InputSpec input(YamlFields fields, Task task, Archive archive) throws IOException {
        boolean whollySaid = task == Task.TENSORS || (fields.has("colour") && fields.has("sizeMultiple"));
        ArchiveInput found = whollySaid ? ArchiveInput.USUAL : archive.input();
        ChannelOrder colour = fields.choice(
                "colour", ChannelOrder.class, found.channels() == 1 ? ChannelOrder.GRAY : ChannelOrder.RGB);
        Resize only =
                found.fixedSize() > 0 ? new Resize.Stretch(found.fixedSize(), found.fixedSize()) : new Resize.None();
        Resize resize = fields.has("resize") ? resize(fields.section("resize")) : only;
        int usual = found.fixedSize() > 0 ? 1 : Math.max(USUAL_MULTIPLE, found.sizeMultiple());
        int multiple = fields.integer("sizeMultiple", task == Task.TENSORS ? 1 : usual, 1, 1024);
        Padding.Mode mode = fields.choice("padding", Padding.Mode.class, Padding.Mode.REFLECT);
        // One label for the whole, or a size that was chosen: no reason to cut.
        boolean whole = task == Task.CLASSIFICATION || !(resize instanceof Resize.None);
        Tiling tiling = whole && !fields.has("tile") ? null : tiling(fields.section("tile"), multiple);
        Normalization normalization = normalization(fields.section("normalization"), colour.channels());
        return fields.end(() -> new InputSpec(colour, resize, new Padding(multiple, mode, 0), tiling, normalization));
    }

    private static Tiling tiling(YamlFields fields, int multiple) {
        int size = fields.integer("size", Math.max(1, 512 / multiple) * multiple, 1, LARGEST_SIDE);
        int overlap = fields.integer("overlap", Math.min(64, size / 4), 0, LARGEST_SIDE);
        return fields.end(() -> new Tiling(size, overlap));
    }

    private enum ResizeMode {
        NONE,
        STRETCH,
        SHORTEST_SIDE,
        FIT
    }

    private static Resize resize(YamlFields fields) {
        return switch (fields.choice("mode", ResizeMode.class, ResizeMode.NONE)) {
            case NONE -> fields.end(Resize.None::new);
            case STRETCH -> {
                int width = fields.requiredInteger("width", 1, LARGEST_SIDE);
                int height = fields.requiredInteger("height", 1, LARGEST_SIDE);
                yield fields.end(() -> new Resize.Stretch(width, height));
            }
            case SHORTEST_SIDE -> {
                int size = fields.requiredInteger("size", 1, LARGEST_SIDE);
                int maxSize = fields.integer("maxSize", LARGEST_SIDE, 1, LARGEST_SIDE);
                yield fields.end(() -> new Resize.ShortestSide(size, maxSize));
            }
            case FIT -> {
                int width = fields.requiredInteger("width", 1, LARGEST_SIDE);
                int height = fields.requiredInteger("height", 1, LARGEST_SIDE);
                yield fields.end(() -> new Resize.Fit(width, height));
            }
        };
    }

    private enum NormalizationKind {
        FIXED,
        PERCENTILE
    }

    private static Normalization normalization(YamlFields fields, int channels) {
        return switch (fields.choice("kind", NormalizationKind.class, NormalizationKind.FIXED)) {
            case FIXED -> {
                float scale = fields.number("scale", 1 / 255f, 1e-6f, 1e6f);
                List<Float> mean = fields.numbers("mean", Collections.nCopies(channels, 0f), -1e6f, 1e6f);
                List<Float> deviation =
                        fields.numbers("standardDeviation", Collections.nCopies(channels, 1f), 1e-6f, 1e6f);
                yield fields.end(() -> {
                    if (mean.size() != channels || deviation.size() != channels) {
                        throw new IllegalArgumentException("mean and standardDeviation have " + mean.size() + " and "
                                + deviation.size() + " values, allowed is one per channel (" + channels + ")");
                    }
                    return new Normalization.Fixed(scale, mean, deviation);
                });
            }
            case PERCENTILE -> {
                float low = fields.number("low", 1, 0, 100);
                float high = fields.number("high", 99.8f, 0, 100);
                float minimumRange = fields.number("minimumRange", 1, 1e-6f, 255);
                yield fields.end(() -> new Normalization.Percentile(low, high, minimumRange));
            }
        };
    }

    private static OutputSpec output(YamlFields fields, Task task, List<String> labels, Archive archive)
            throws IOException {
        boolean perhapsAlone = labels.size() == 1 && !fields.has("decoder") && !fields.has("channels");
        Decoder usual = switch (task) {
            case DETECTION -> Decoder.BOXES;
            case TENSORS -> Decoder.TENSORS;
            // Softmax of a single logit is always 1.
            case SEGMENTATION, CLASSIFICATION ->
                perhapsAlone && archive.input().logits() == 1 ? Decoder.SIGMOID : Decoder.SOFTMAX;
        };
        Decoder decoder = fields.choice("decoder", Decoder.class, usual);
        List<String> natural = decoder != Decoder.SOFTMAX || task == Task.CLASSIFICATION
                ? labels
                : Stream.concat(Stream.of(OutputSpec.BACKGROUND), labels.stream())
                        .toList();
        List<String> channels = fields.texts("channels", natural);
        String name = task == Task.DETECTION ? "" : fields.text("name", "");
        int firstLabel = task == Task.DETECTION ? fields.integer("firstLabel", 1, 0, 1_000_000) : 0;
        return fields.end(() -> new OutputSpec(decoder, name.isEmpty() ? null : name, channels, firstLabel));
    }

    private static Thresholds thresholds(YamlFields fields) {
        float mask = fields.number("mask", 0.5f, 0, 1);
        float seed = fields.number("seed", 0.5f, 0, 1);
        int minimumSeedArea = fields.integer("minimumSeedArea", 1, 0, Integer.MAX_VALUE);
        int minimumArea = fields.integer("minimumArea", 1, 0, Integer.MAX_VALUE);
        float score = fields.number("score", 0.5f, 0, 1);
        float iou = fields.number("iou", 0.5f, 0, 1);
        int maxDetections = fields.integer("maxDetections", 300, 1, Thresholds.MOST_DETECTIONS);
        return fields.end(() -> new Thresholds(mask, seed, minimumSeedArea, minimumArea, score, iou, maxDetections));
    }

    private static BatchPolicy batching(YamlFields fields) {
        BatchPolicy defaults = BatchPolicy.DEFAULT;
        int maxSize = fields.integer("maxSize", defaults.maxSize(), 1, 1024);
        var maxDelay = fields.duration("maxDelay", defaults.maxDelay());
        int queueCapacity = fields.integer("queueCapacity", Math.max(defaults.queueCapacity(), maxSize), 1, 1_000_000);
        return fields.end(() -> new BatchPolicy(maxSize, maxDelay, queueCapacity));
    }

    private static Execution execution(YamlFields fields) {
        int workers = fields.integer("workers", 0, 0, 256);
        int threads = fields.integer("threads", 0, 0, 256);
        Device device = fields.choice("device", Device.class, Device.AUTO);
        return fields.end(() -> new Execution(workers, threads, device));
    }

    private static Verification verification(YamlFields fields) {
        OnLoad onLoad = fields.choice("onLoad", OnLoad.class, OnLoad.OFF);
        float sampleRate = fields.number("sampleRate", 0, 0, 1);
        Integer groups = fields.has("groups") ? fields.requiredInteger("groups", 1, 65_536) : null;
        // By its digits: 1e-5 as it was written, not the float32 next to it.
        Double epsilon =
                fields.has("epsilon") ? Double.valueOf(Float.toString(fields.number("epsilon", 1, 1e-12f, 1))) : null;
        return fields.end(() -> new Verification(onLoad, sampleRate, new ExpectedGroupNorm(groups, epsilon)));
    }

    private static Golden golden(YamlFields fields) {
        String image = fields.requiredText("image");
        String expected = fields.requiredText("expected");
        float tolerance = fields.number("tolerance", 0.02f, 0, 1);
        return fields.end(() -> new Golden(image, expected, tolerance));
    }

    private static WarmUp warmUp(YamlFields fields, Task task, InputSpec input, BatchPolicy batching) {
        if (task == Task.TENSORS && !fields.has("shapes")) {
            throw fields.missing("shapes is missing; allowed with task tensors is a list of the shapes of an input"
                    + " without its batch axis, such as [[3, 256, 256]]");
        }
        Resize.Size usual = input.usualSize();
        List<int[]> shapes = fields.shapes(
                "shapes", List.of(new int[] {input.colour().channels(), usual.height(), usual.width()}), LARGEST_SIDE);
        List<Integer> natural = batching.maxSize() == 1 ? List.of(1) : List.of(1, batching.maxSize());
        List<Integer> batchSizes = fields.integers("batchSizes", natural, 1, batching.maxSize());
        List<ElementType> dataTypes = fields.choices("dataTypes", ElementType.class, List.of(ElementType.FP32));
        return fields.end(() -> new WarmUp(shapes.stream().map(TensorShape::of).toList(), batchSizes, dataTypes));
    }
}
