package dev.gnserve.segmentation;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.pipeline.Mask;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * All pixels of one class.
 *
 * @param label of the class
 * @param pixels their number
 * @param fraction of the image, 0 to 1
 * @param mask absent with {@code masks=none}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ClassMask(
        @Schema(example = "nucleus") String label,
        @Schema(example = "12345") int pixels,
        @Schema(example = "0.034") double fraction,
        @Nullable Mask mask) {}
