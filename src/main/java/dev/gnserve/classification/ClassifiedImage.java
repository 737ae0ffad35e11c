package dev.gnserve.classification;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one image shows, or why that cannot be told: either {@code problem} is there, or everything else is.
 *
 * @param name the part's file name
 * @param width of the upright image, in pixels
 * @param height of the upright image, in pixels
 * @param predictions best first
 * @param timing where the time went
 * @param problem why this image failed while others of the request succeeded
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ClassifiedImage(
        @Schema(example = "a.png") String name,
        @Schema(example = "224") @Nullable Integer width,
        @Schema(example = "224") @Nullable Integer height,
        @Nullable List<LabelScore> predictions,
        @Nullable Timing timing,
        @Nullable Problem problem) {

    static ClassifiedImage failed(String name, Problem problem) {
        return new ClassifiedImage(name, null, null, null, null, problem);
    }
}
