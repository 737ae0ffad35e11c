package dev.gnserve.segmentation;

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
 * @param classes one per label of the model, in its order
 * @param objects separate objects in reading order; absent when not asked for
 * @param timing where the time went
 * @param problem why this image failed while others of the request succeeded
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SegmentedImage(
        @Schema(example = "a.png") String name,
        @Schema(example = "520") @Nullable Integer width,
        @Schema(example = "696") @Nullable Integer height,
        @Nullable List<ClassMask> classes,
        @Nullable List<SegmentedObject> objects,
        @Nullable Timing timing,
        @Nullable Problem problem) {

    static SegmentedImage failed(String name, Problem problem) {
        return new SegmentedImage(name, null, null, null, null, null, problem);
    }
}
