package dev.gnserve.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;

/** Statistics of models, with the names and units of the statistics extension (triton docs/protocol/extension_statistics.md). */
record ModelStatistics(@JsonProperty("model_stats") List<OfVersion> modelStats) {

    /**
     * One version of one model.
     *
     * @param lastInference end of the newest batch, in milliseconds since 1970; 0 if there was none
     * @param inferenceCount inputs that succeeded
     * @param executionCount batches that succeeded
     * @param batchStats one for each size of a batch that succeeded
     */
    @Schema(name = "VersionStatistics")
    record OfVersion(
            @Schema(example = "nuclei-unet-gn") String name,
            @Schema(example = "1") String version,

            @JsonProperty("last_inference") @Schema(example = "1796000000000")
            long lastInference,

            @JsonProperty("inference_count") @Schema(example = "120")
            long inferenceCount,

            @JsonProperty("execution_count") @Schema(example = "40")
            long executionCount,

            @JsonProperty("inference_stats") InferenceStatistics inferenceStats,
            @JsonProperty("batch_stats") List<BatchStatistic> batchStats) {}

    /**
     * Times of inputs.
     *
     * @param success from their arrival to the end of their batch
     * @param fail of inputs whose batch failed, likewise
     * @param queue from their arrival to the start of their batch
     * @param computeInput joining the inputs of a batch
     * @param computeInfer the forward pass
     * @param computeOutput splitting the outputs of a batch
     * @param cacheHit always zeros: there is no cache of responses. Clients of Triton read it
     * @param cacheMiss likewise
     */
    @Schema(name = "InferenceStatistics")
    record InferenceStatistics(
            Duration success,
            Duration fail,
            Duration queue,
            @JsonProperty("compute_input") Duration computeInput,
            @JsonProperty("compute_infer") Duration computeInfer,
            @JsonProperty("compute_output") Duration computeOutput,
            @JsonProperty("cache_hit") Duration cacheHit,
            @JsonProperty("cache_miss") Duration cacheMiss) {}

    /** Times of the batches of one size. */
    @Schema(name = "BatchStatistic")
    record BatchStatistic(
            @JsonProperty("batch_size") @Schema(example = "4")
            int batchSize,

            @JsonProperty("compute_input") Duration computeInput,
            @JsonProperty("compute_infer") Duration computeInfer,
            @JsonProperty("compute_output") Duration computeOutput) {}

    /**
     * Several times together.
     *
     * @param ns their sum, in nanoseconds
     */
    @Schema(name = "StatisticDuration")
    record Duration(
            @Schema(example = "40") long count,
            @Schema(example = "1200000000") long ns) {

        static final Duration NONE = new Duration(0, 0);

        Duration plus(long times, java.time.Duration each) {
            return new Duration(count + times, ns + times * each.toNanos());
        }

        Duration plus(Duration other) {
            return new Duration(count + other.count, ns + other.ns);
        }
    }
}
