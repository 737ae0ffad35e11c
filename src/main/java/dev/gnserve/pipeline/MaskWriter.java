package dev.gnserve.pipeline;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.CocoRle;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.Png;
import dev.gnserve.image.Polygons;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes the masks of an answer in the encoding that the request asks for. Not thread-safe. */
public final class MaskWriter {

    /** In one answer: each takes about 30 bytes while the answer is made. */
    private static final int MOST_CORNERS = 4_000_000;

    private final Masks encoding;
    private final Cancellation cancellation;
    private long corners;

    public MaskWriter(Masks encoding) {
        this(encoding, Cancellation.NEVER);
    }

    private MaskWriter(Masks encoding, Cancellation cancellation) {
        this.encoding = encoding;
        this.cancellation = cancellation;
    }

    /** A writer of the same encoding for one answer, which ends when it is cancelled. */
    public MaskWriter until(Cancellation end) {
        return new MaskWriter(encoding, end);
    }

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

    /**
     * The pixels with the label within the region, as a mask of the whole image; null for {@link Masks#NONE}.
     *
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST if the outlines of the answer have more corners than one answer can have; and
     *     what the cancellation throws
     */
    public @Nullable Mask write(LabelMap map, int label, LabelMap.Region region) {
        cancellation.throwIfCancelled();
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
            case POLYGON -> {
                List<int[]> lines = Polygons.of(map, label, region);
                lines.forEach(this::count);
                yield new Mask(Mask.Encoding.POLYGON, size, null, null, lines, null);
            }
            case GEOJSON -> {
                List<Polygons.Part> parts = Polygons.parts(map, label, region);
                for (Polygons.Part part : parts) {
                    count(part.outer());
                    part.holes().forEach(this::count);
                }
                yield new Mask(Mask.Encoding.GEOJSON, size, null, null, null, MultiPolygon.of(parts));
            }
        };
    }

    private void count(int[] line) {
        corners += line.length / 2;
        if (corners > MOST_CORNERS) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The outlines of this image have more than %,d corners. Ask for masks=rle, or for a higher threshold."
                                    .formatted(MOST_CORNERS))
                    .asException();
        }
    }
}
