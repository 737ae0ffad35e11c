package dev.gnserve.regression;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * A number for each pixel of an image.
 *
 * @param label what the numbers are, such as depth
 * @param unit of the numbers; absent if model.yaml gives none
 * @param minimum of all pixels of the upright image
 * @param standardDeviation of all pixels, divided by their number
 * @param values as a file; absent with {@code values=none}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ValueMap(
        @Schema(example = "depth") String label,

        @Schema(description = "Unit of the values; absent if model.yaml gives none", example = "m") @Nullable
        String unit,

        @Schema(example = "0.52") double minimum,
        @Schema(example = "8.49") double maximum,
        @Schema(example = "3.07") double mean,
        @Schema(example = "1.81") double standardDeviation,
        @Nullable EncodedValues values) {}
