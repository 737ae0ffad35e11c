package dev.gnserve.detection;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.image.Box;
import dev.gnserve.pipeline.Mask;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One object of an image.
 *
 * @param label its class
 * @param score 0 to 1
 * @param box around it, within the image
 * @param mask its pixels, if the model segments instances
 * @param keypoints its points, if the model gives them
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record DetectedObject(
        @Schema(example = "RBC") String label,
        @Schema(example = "0.98") double score,
        ObjectBox box,
        @Nullable Mask mask,
        @Nullable List<KeyPoint> keypoints) {

    /**
     * A box in pixels of the upright image, origin top left.
     *
     * @param x left edge
     * @param y top edge
     */
    @Schema(name = "ObjectBox")
    public record ObjectBox(
            @Schema(example = "101.5") double x,
            @Schema(example = "22.25") double y,
            @Schema(example = "98.4") double width,
            @Schema(example = "101.7") double height) {

        static ObjectBox of(Box box) {
            double left = rounded(box.x());
            double top = rounded(box.y());
            // Rounds edges instead of sizes, so that a box at the border ends there.
            return new ObjectBox(left, top, rounded(rounded(box.right()) - left), rounded(rounded(box.bottom()) - top));
        }
    }

    static DetectedObject of(String label, Detection detection, @Nullable Mask mask) {
        return new DetectedObject(
                label,
                rounded(detection),
                ObjectBox.of(detection.box()),
                mask,
                detection.keypoints().isEmpty() ? null : detection.keypoints());
    }

    /** The score as the answer has it. */
    static double rounded(Detection detection) {
        return Math.round(detection.score() * 1e4) / 1e4;
    }

    /** Rounds to a hundredth of a pixel: more would be noise. */
    static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
