package dev.gnserve.pipeline;

import io.swagger.v3.oas.annotations.media.Schema;

/**
 * The time of one image by stages.
 *
 * @param decodeMillis from bytes to upright pixels
 * @param preprocessMillis from pixels to the model's input
 * @param queueMillis the longest wait of a tile in the queue
 * @param inferenceMillis forward passes with a tile of this image, added up
 * @param postprocessMillis from the model's output to the result
 * @param batchSize the largest batch with a tile of this image
 * @param tiles how many tiles the image was cut into
 */
@Schema(description = "The time of one image by stages, in milliseconds.")
public record Timing(
        @Schema(example = "2.1") double decodeMillis,
        @Schema(example = "1.0") double preprocessMillis,
        @Schema(example = "0.4") double queueMillis,
        @Schema(example = "31.0") double inferenceMillis,
        @Schema(example = "3.2") double postprocessMillis,

        @Schema(example = "4", description = "The largest batch with the image or a tile of it.")
        int batchSize,

        @Schema(example = "1") int tiles) {}
