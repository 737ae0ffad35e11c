package dev.gnserve.detection;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * A point of an object, such as a joint, in pixels of the upright image.
 *
 * @param name as in model.yaml, or its number from 1
 * @param visible whether the model says that it is
 * @param score as the model gives it, not limited to 0 to 1; absent if it gives none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record KeyPoint(
        @Schema(example = "left_eye") String name,
        @Schema(example = "120.5") double x,
        @Schema(example = "64.25") double y,
        @Schema(example = "true") boolean visible,
        @Schema(example = "8.31") @Nullable Double score) {}
