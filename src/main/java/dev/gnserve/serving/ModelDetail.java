package dev.gnserve.serving;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.batching.BatchPolicy;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Tiling;
import dev.gnserve.model.InputSpec;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelState;
import dev.gnserve.model.Task;
import dev.gnserve.model.TuningReport;
import dev.gnserve.model.VolumeSpec;
import dev.gnserve.pipeline.OutputCheck;
import dev.gnserve.telemetry.RequestTotals;
import dev.gnserve.verification.Verdict;
import dev.gnserve.verification.VerificationSummary;
import dev.gnserve.verification.VerifiedModel;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Inputs, labels and execution of a model.
 *
 * @param labels names of the classes
 * @param execution null unless ready
 * @param golden null without a golden image, and unless ready
 * @param verification null unless ready
 * @param activity null unless ready
 * @param outputs how outputs of live traffic fit model.yaml; null unless ready, and for task tensors
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record ModelDetail(
        @Schema(example = "nuclei-unet-gn") String name,
        @Schema(example = "1") String version,
        @Schema(example = "segmentation") String task,
        ModelState state,
        @Nullable String reason,
        String description,
        @Schema(example = "[\"nucleus\"]") List<String> labels,
        Input input,
        Batching batching,
        @Nullable Execution execution,
        @Nullable Golden golden,
        @Nullable VerificationSummary verification,
        @Nullable Activity activity,
        @Nullable Outputs outputs,
        String license) {

    static ModelDetail of(LoadedModel model, RequestTotals totals) {
        ModelManifest manifest = model.manifest();
        InputSpec input = manifest.input();
        String device = model.device();
        boolean ready = device != null;
        return new ModelDetail(
                model.name(),
                model.version(),
                manifest.task().label(),
                model.state(),
                model.reason(),
                manifest.description(),
                manifest.labels(),
                Input.of(input),
                Batching.of(manifest.batching()),
                device == null ? null : Execution.of(model, device),
                ready && manifest.golden() != null ? Golden.passed(manifest.golden()) : null,
                ready ? model.companion(VerifiedModel.class).summary() : null,
                ready ? Activity.of(model, totals.of(model.name(), model.version())) : null,
                device == null || manifest.task() == Task.TENSORS
                        ? null
                        : Outputs.of(model.companion(OutputCheck.Watch.class).found()),
                manifest.license());
    }

    /**
     * How an image becomes the model's input. Images of every size are accepted.
     *
     * @param colour channels and their order
     * @param sizeMultiple sides are padded to the next multiple of this
     * @param padding what the padding contains
     * @param tile side of the tiles that larger images are cut into, in pixels; null if images are not cut
     * @param tileOverlap least overlap of neighbouring tiles, in pixels
     * @param normalization from pixel values to the model's input
     * @param volume how a volume becomes inputs; null for a model of images, and then the fields before it do not count
     */
    @Schema(name = "ModelInput")
    record Input(
            @Schema(example = "rgb") String colour,
            @Schema(example = "16") int sizeMultiple,
            @Schema(example = "reflect") String padding,
            @Schema(example = "512") @Nullable Integer tile,
            @Schema(example = "64") @Nullable Integer tileOverlap,

            @Schema(
                    description = "Whether tiles are smaller where the same number of smaller ones covers the image",
                    example = "false")
            @Nullable
            Boolean tileShrink,

            @Schema(example = "Percentile[low=1.0, high=99.8, minimumRange=16.0]")
            String normalization,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            Volume volume) {

        static Input of(InputSpec input) {
            Tiling tiling = input.tiling();
            return new Input(
                    input.colour() instanceof ChannelOrder.Colour colour
                            ? lower(colour)
                            : input.colour().channels() + " channels",
                    input.padding().multiple(),
                    lower(input.padding().mode()),
                    tiling == null ? null : tiling.size(),
                    tiling == null ? null : tiling.overlap(),
                    tiling == null ? null : tiling.shrink(),
                    input.normalization().toString(),
                    Volume.of(input.volume()));
        }

        private static String lower(Enum<?> value) {
            return value.name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * How a volume becomes inputs. Lists are in the order of the model's axes.
     *
     * @param axes the model's axes: letters of those of the file, or directions such as RAS
     * @param window sizes of a window
     * @param blending how outputs of windows that overlap become one
     * @param spacing that a volume must have; null for any
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @Schema(name = "ModelVolume")
    record Volume(
            @Schema(example = "zyx") String axes,
            @Schema(example = "[96, 96, 96]") List<Integer> window,
            @Schema(example = "gaussian") String blending,
            @Schema(example = "[1.5, 1.5, 2.0]") @Nullable List<Double> spacing) {

        static @Nullable Volume of(@Nullable VolumeSpec spec) {
            String orientation = spec == null ? null : spec.orientation();
            return spec == null
                    ? null
                    : new Volume(
                            orientation == null ? spec.axes() : orientation,
                            spec.window(),
                            Input.lower(spec.blending()),
                            spec.spacing());
        }
    }

    /**
     * How images are batched.
     *
     * @param maxSize images or tiles in one batch, at most
     * @param maxDelayMillis how long the oldest waits for others while the engine is idle, at most
     * @param maxTimeMillis how long a batch of several takes, at most, as far as measured
     * @param queueCapacity images or tiles that wait, at most; the next one is refused
     */
    @Schema(name = "ModelBatching")
    record Batching(
            @Schema(example = "4") int maxSize,
            @Schema(example = "0") double maxDelayMillis,
            @Schema(example = "500") double maxTimeMillis,
            @Schema(example = "64") int queueCapacity) {

        static Batching of(BatchPolicy policy) {
            return new Batching(
                    policy.maxSize(),
                    policy.maxDelay().toNanos() / 1e6,
                    policy.maxTime().toNanos() / 1e6,
                    policy.queueCapacity());
        }
    }

    /**
     * How outputs of live traffic fit model.yaml, since the model was loaded.
     *
     * @param compared outputs that were compared
     * @param mismatches of these, the outputs that do not fit
     * @param latest why the newest of these does not fit; null if there is none
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @Schema(name = "ModelOutputs")
    record Outputs(
            @Schema(example = "120") long compared,
            @Schema(example = "0") long mismatches,

            @Schema(
                    example =
                            "output.decoder is softmax, but the archive returns values 0.0012 to 0.98, that sum to 1 over the channels")
            @Nullable
            String latest) {

        private static Outputs of(OutputCheck.Found found) {
            return new Outputs(found.compared(), found.mismatches(), found.latest());
        }
    }

    /**
     * How a ready model runs.
     *
     * @param device {@code cpu} or {@code gpu0}
     * @param precision of its convolutions: the types of their weights in the archive, or that of the plan; unknown where the archive has no
     *     such weights
     * @param plan memory format and precision, as {@code execution.plan} of model.yaml; as-exported where that one does not hold
     * @param workers batches that run at the same time
     * @param threads for one batch
     */
    @Schema(name = "ModelExecution")
    record Execution(
            @Schema(example = "cpu") String device,
            @Schema(example = "float32") String precision,

            @Schema(
                    example = "channels-last",
                    allowableValues = {"as-exported", "channels-last", "winograd", "bfloat16", "int8"})
            String plan,

            @Schema(example = "2") int workers,
            @Schema(example = "1") int threads,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            String planReason,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            TuningReport tuning) {

        private static Execution of(LoadedModel model, String device) {
            ExecutionPlan plan = model.plan();
            return new Execution(
                    device,
                    precision(plan, model.archive()),
                    plan.label(),
                    model.workers(),
                    model.threads(),
                    model.planReason(),
                    model.tuning());
        }

        static String precision(ExecutionPlan plan, ArchiveSnapshot archive) {
            if (plan.isNarrow()) {
                return plan.label();
            }
            String types;
            try {
                types = archive.torchScript().weightTypes().stream()
                        .map(Input::lower)
                        .collect(Collectors.joining(", "));
            } catch (TorchScriptException e) {
                types = ""; // Only the engine can read it.
            }
            return types.isEmpty() ? "unknown" : types;
        }
    }

    /**
     * The check with the golden image. A model becomes ready only if its result for this image is the expected one.
     *
     * @param image file beside model.yaml
     * @param expected file beside model.yaml with the expected result
     * @param tolerance by how much scores may differ, and by how much the overlap of boxes or masks may fall below 1
     * @param verdict what the check found when the model was loaded
     */
    @Schema(name = "GoldenCheck")
    record Golden(
            @Schema(example = "golden.png") String image,
            @Schema(example = "golden.json") String expected,
            @Schema(example = "0.02") float tolerance,
            Verdict verdict) {

        private static Golden passed(dev.gnserve.model.Golden golden) {
            return new Golden(golden.image(), golden.expected(), golden.tolerance(), Verdict.PASS);
        }
    }

    /**
     * What the model has to do. The sums only grow until the process ends, so that the difference of two answers is what happened
     * between them.
     *
     * @param queueDepth images or tiles that wait now
     * @param requests requests for inference, of any outcome
     * @param requestMillis their time, from the headers of a request to the end of its response, added up
     */
    @Schema(name = "ModelActivity")
    record Activity(
            @Schema(example = "0") int queueDepth,
            @Schema(example = "120") long requests,
            @Schema(example = "8400.5") double requestMillis) {

        private static Activity of(LoadedModel model, RequestTotals.Total total) {
            return new Activity(model.queueDepth(), total.requests(), total.millis());
        }
    }
}
