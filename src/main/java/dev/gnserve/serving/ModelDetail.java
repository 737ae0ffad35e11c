package dev.gnserve.serving;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.batching.BatchPolicy;
import dev.gnserve.image.Tiling;
import dev.gnserve.model.InputSpec;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelState;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a model takes, gives and runs on.
 *
 * @param labels what it finds
 * @param batching how images run together
 * @param execution where it runs; null unless ready
 * @param license of the model
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
        String license) {

    static ModelDetail of(LoadedModel model, ModelManifest manifest) {
        InputSpec input = manifest.input();
        String device = model.device();
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
                device == null ? null : new Execution(device, "float32", model.workers(), model.threads()),
                manifest.license());
    }

    /**
     * What the model is given for an image. Images of every size are taken.
     *
     * @param colour channels and their order
     * @param sizeMultiple sides are padded up to a multiple of this, by the image's own size alone
     * @param padding what the padding shows
     * @param tile side of the tiles that larger images are cut into, in pixels; null where every image is taken whole
     * @param tileOverlap least overlap of neighbouring tiles, in pixels
     * @param normalization from pixel values to the model's input
     */
    @Schema(name = "ModelInput")
    record Input(
            @Schema(example = "rgb") String colour,
            @Schema(example = "16") int sizeMultiple,
            @Schema(example = "reflect") String padding,
            @Schema(example = "512") @Nullable Integer tile,
            @Schema(example = "64") @Nullable Integer tileOverlap,

            @Schema(example = "Percentile[low=1.0, high=99.8, minimumRange=16.0]")
            String normalization) {

        static Input of(InputSpec input) {
            Tiling tiling = input.tiling();
            return new Input(
                    lower(input.colour()),
                    input.padding().multiple(),
                    lower(input.padding().mode()),
                    tiling == null ? null : tiling.size(),
                    tiling == null ? null : tiling.overlap(),
                    input.normalization().toString());
        }

        private static String lower(Enum<?> value) {
            return value.name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * How images run together.
     *
     * @param maxSize the most images or tiles in one batch
     * @param maxDelayMillis how long the oldest may wait for others although the engine is idle
     * @param queueCapacity how many may wait before the next is refused
     */
    @Schema(name = "ModelBatching")
    record Batching(
            @Schema(example = "4") int maxSize,
            @Schema(example = "0") double maxDelayMillis,
            @Schema(example = "64") int queueCapacity) {

        static Batching of(BatchPolicy policy) {
            return new Batching(policy.maxSize(), policy.maxDelay().toNanos() / 1e6, policy.queueCapacity());
        }
    }

    /**
     * Where and how a ready model runs.
     *
     * @param device {@code cpu} or {@code gpu0}
     * @param precision of its arithmetic
     * @param workers batches that run at the same time
     * @param threads that work on one batch
     */
    @Schema(name = "ModelExecution")
    record Execution(
            @Schema(example = "cpu") String device,
            @Schema(example = "float32") String precision,
            @Schema(example = "2") int workers,
            @Schema(example = "1") int threads) {}
}
