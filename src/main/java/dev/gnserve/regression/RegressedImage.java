package dev.gnserve.regression;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.image.PageNumber;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JSON document of one image: a result, or a name with a problem.
 *
 * @param name the part's file name
 * @param page of the file that was used; absent where it has one
 * @param width of the upright image and of its maps, in pixels
 * @param height of the upright image and of its maps, in pixels
 * @param maps one per label of the model, in its order
 * @param problem of this image, where others of the request succeeded
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RegressedImage(
        @Schema(example = "a.png") String name,
        @Nullable PageNumber page,
        @Schema(example = "640") @Nullable Integer width,
        @Schema(example = "480") @Nullable Integer height,
        @Nullable List<ValueMap> maps,
        @Nullable Timing timing,
        @Nullable Problem problem) {}
