package dev.gnserve.pipeline;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.image.CocoRle;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A set of pixels. {@code encoding} says which one of {@code counts}, {@code data}, {@code polygons} and {@code geometry} is present.
 *
 * @param size [height, width] of the whole image
 * @param counts COCO's compressed run-length string, column-major, as pycocotools reads it
 * @param data base64 of a PNG with one channel, 0 or 255, of the whole image
 * @param polygons outlines [x1, y1, x2, y2, ...] along the edges of the pixels, in pixels; holes are filled, as in COCO's annotations
 * @param geometry the same outlines with holes, as GeoJSON
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Mask(
        Encoding encoding,
        @Schema(example = "[696, 520]") List<Integer> size,
        @Nullable @Schema(example = "PPYo1") String counts,

        @Nullable @Schema(contentEncoding = "base64", contentMediaType = "image/png")
        String data,

        @Nullable List<int[]> polygons,
        @Nullable MultiPolygon geometry) {

    /** A mask in COCO's encoding. */
    public static Mask of(CocoRle rle) {
        return new Mask(Encoding.COCO_RLE, List.of(rle.height(), rle.width()), rle.counts(), null, null, null);
    }

    /** How a mask is written. */
    @Schema(name = "MaskEncoding")
    public enum Encoding {
        @JsonProperty("coco-rle")
        COCO_RLE,
        @JsonProperty("png")
        PNG,
        @JsonProperty("polygon")
        POLYGON,
        @JsonProperty("geojson")
        GEOJSON
    }
}
