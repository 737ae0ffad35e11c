package dev.gnserve.pipeline;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.image.CocoRle;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.Png;
import dev.gnserve.image.Polygons;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes masks in the encoding that the request asks for. */
public record MaskWriter(Masks encoding) {

    /** The encodings of masks in JSON, or none. */
    public enum Masks {
        @JsonProperty("rle")
        RLE,
        @JsonProperty("png")
        PNG,
        @JsonProperty("polygon")
        POLYGON,
        @JsonProperty("geojson")
        GEOJSON,
        @JsonProperty("none")
        NONE
    }

    /** The pixels with the label within the region, as a mask of the whole image; null for {@link Masks#NONE}. */
    public @Nullable Mask write(LabelMap map, int label, LabelMap.Region region) {
        List<Integer> size = List.of(map.height(), map.width());
        return switch (encoding) {
            case NONE -> null;
            case RLE -> Mask.of(CocoRle.of(map, label, region));
            case PNG ->
                new Mask(
                        Mask.Encoding.PNG,
                        size,
                        null,
                        Base64.getEncoder().encodeToString(Png.mask(map, label, region)),
                        null,
                        null);
            case POLYGON -> new Mask(Mask.Encoding.POLYGON, size, null, null, Polygons.of(map, label, region), null);
            case GEOJSON ->
                new Mask(
                        Mask.Encoding.GEOJSON,
                        size,
                        null,
                        null,
                        null,
                        MultiPolygon.of(Polygons.parts(map, label, region)));
        };
    }
}
