package dev.gnserve.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.backend.ElementType;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelSignature;
import dev.gnserve.model.TensorSpec;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Objects;

/**
 * What clients of Triton read of a model's configuration, with the names and units of its ModelConfig (triton model_config.proto).
 *
 * @param maxBatchSize 0 for a model without a batch axis
 */
record ModelConfig(
        @Schema(example = "nuclei-unet-gn") String name,
        @Schema(example = "pytorch_libtorch") String platform,
        @Schema(example = "pytorch") String backend,

        @JsonProperty("max_batch_size") @Schema(example = "4")
        int maxBatchSize,

        List<Input> input,
        List<Output> output,

        @JsonProperty("instance_group") List<InstanceGroup> instanceGroup,

        @JsonProperty("dynamic_batching") DynamicBatching dynamicBatching) {

    /**
     * One tensor.
     *
     * @param dataType {@code TYPE_} and the type
     * @param dims without the batch axis; -1 for an axis of any size
     */
    @Schema(name = "ModelConfigInput")
    record Input(
            @Schema(example = "input") String name,

            @JsonProperty("data_type") @Schema(example = "TYPE_FP32")
            String dataType,

            @Schema(example = "[3, -1, -1]") List<Integer> dims) {}

    /** As {@link Input}. */
    @Schema(name = "ModelConfigOutput")
    record Output(
            @Schema(example = "output") String name,

            @JsonProperty("data_type") @Schema(example = "TYPE_FP32")
            String dataType,

            @Schema(example = "[3, -1, -1]") List<Integer> dims) {}

    /** How many batches run at the same time, and where. */
    @Schema(name = "ModelInstanceGroup")
    record InstanceGroup(
            @Schema(example = "2") int count,
            @Schema(example = "KIND_CPU") String kind) {}

    /** How long an input waits for others, at most, in microseconds. */
    @Schema(name = "ModelDynamicBatching")
    record DynamicBatching(
            @JsonProperty("max_queue_delay_microseconds") @Schema(example = "0")
            long maxQueueDelayMicroseconds) {}

    static ModelConfig of(LoadedModel model) {
        ModelSignature signature = model.signature();
        boolean batched = !signature.whole();
        String device = Objects.requireNonNullElse(model.device(), "cpu");
        return new ModelConfig(
                model.name(),
                "pytorch_libtorch",
                "pytorch",
                batched ? model.manifest().batching().maxSize() : 0,
                signature.inputs().stream()
                        .map(spec -> new Input(spec.name(), type(spec.type()), dims(spec, batched)))
                        .toList(),
                signature.outputs().stream()
                        .map(spec -> new Output(spec.name(), type(spec.type()), dims(spec, batched)))
                        .toList(),
                List.of(new InstanceGroup(model.workers(), device.startsWith("gpu") ? "KIND_GPU" : "KIND_CPU")),
                new DynamicBatching(model.manifest().batching().maxDelay().toNanos() / 1000));
    }

    private static String type(ElementType type) {
        return "TYPE_" + type;
    }

    private static List<Integer> dims(TensorSpec spec, boolean batched) {
        return batched && !spec.shape().isEmpty()
                ? spec.shape().subList(1, spec.shape().size())
                : spec.shape();
    }
}
