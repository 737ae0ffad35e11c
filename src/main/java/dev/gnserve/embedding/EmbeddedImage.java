package dev.gnserve.embedding;

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
 * @param width of the upright image, in pixels
 * @param height of the upright image, in pixels
 * @param embedding the vector, in the order of the model's output
 * @param dimensions number of its values
 * @param normalized whether gnserve scaled the vector to length 1
 * @param problem of this image, where others of the request succeeded
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record EmbeddedImage(
        @Schema(example = "a.png") String name,
        @Nullable PageNumber page,
        @Schema(example = "224") @Nullable Integer width,
        @Schema(example = "224") @Nullable Integer height,

        @Schema(description = "The vector, in the order of the model's output", example = "[0.48, -0.6, 0.64]")
        @Nullable
        List<Float> embedding,

        @Schema(description = "Number of its values", example = "3") @Nullable
        Integer dimensions,

        @Schema(
                description =
                        "Whether gnserve scaled the vector to length 1, as output.normalize of model.yaml says. A vector of"
                                + " zeros stays as it is",
                example = "true")
        @Nullable
        Boolean normalized,

        @Nullable Timing timing,
        @Nullable Problem problem) {}
