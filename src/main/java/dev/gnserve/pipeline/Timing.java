package dev.gnserve.pipeline;

import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Duration;

/**
 * The time of one image by stages.
 *
 * @param decodeMillis from bytes to upright pixels
 * @param preprocessMillis from pixels to the model's input
 * @param queueMillis the longest wait of a tile in the queue
 * @param inferenceMillis forward passes with a tile of this image, added up
 * @param postprocessMillis from the model's output to the result
 * @param batchSize the largest batch with a tile of this image
 * @param tiles how many tiles the image was cut into, or windows the volume
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

        @Schema(example = "1") int tiles) {

    static Timing of(
            Duration decode,
            Duration prepare,
            Duration queue,
            Duration inferring,
            Duration postprocess,
            int batchSize,
            int tiles) {
        return new Timing(
                millis(decode),
                millis(prepare),
                millis(queue),
                millis(inferring),
                millis(postprocess),
                batchSize,
                tiles);
    }

    /** Rounded to a hundredth: more would be noise. */
    private static double millis(Duration duration) {
        return Math.round(duration.toNanos() / 1e4) / 100.0;
    }
}
