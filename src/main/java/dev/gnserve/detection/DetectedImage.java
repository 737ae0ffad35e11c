package dev.gnserve.detection;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was found in one image, or why nothing could be: either {@code problem} is there, or everything else is.
 *
 * @param name the part's file name
 * @param width of the upright image, in pixels
 * @param height of the upright image, in pixels
 * @param detections best first
 * @param timing where the time went
 * @param problem why this image failed while others of the request succeeded
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record DetectedImage(
        @Schema(example = "a.png") String name,
        @Schema(example = "640") @Nullable Integer width,
        @Schema(example = "480") @Nullable Integer height,
        @Nullable List<DetectedObject> detections,
        @Nullable Timing timing,
        @Nullable Problem problem) {

    static DetectedImage failed(String name, Problem problem) {
        return new DetectedImage(name, null, null, null, null, problem);
    }
}
