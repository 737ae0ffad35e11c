package dev.gnserve.segmentation;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.pipeline.Mask;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * One object of an image.
 *
 * @param id from 1 in reading order; the pixel value in the {@code render=objects} picture
 * @param label its class
 * @param score mean probability of the class over its pixels, 0 to 1
 * @param area in pixels
 * @param box the smallest around it
 * @param centroid mean position of its pixels' centres
 * @param mask its pixels, in the whole image; absent with {@code masks=none}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SegmentedObject(
        @Schema(example = "1") int id,
        @Schema(example = "nucleus") String label,
        @Schema(example = "0.97") double score,
        @Schema(example = "345") int area,
        PixelBox box,
        Point centroid,
        @Nullable Mask mask) {

    /**
     * A box of whole pixels of the upright image, origin top left.
     *
     * @param x its leftmost column
     * @param y its topmost row
     */
    @Schema(name = "PixelBox")
    public record PixelBox(
            @Schema(example = "10") int x,
            @Schema(example = "20") int y,
            @Schema(example = "30") int width,
            @Schema(example = "40") int height) {}

    /** A position in pixels of the upright image; the centre of the top left pixel is (0.5, 0.5). */
    @Schema(name = "Point")
    public record Point(
            @Schema(example = "24.5") double x,
            @Schema(example = "39.1") double y) {}
}
