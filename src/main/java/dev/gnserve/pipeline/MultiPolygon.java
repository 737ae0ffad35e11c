package dev.gnserve.pipeline;

import dev.gnserve.image.Polygons;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A geometry of GeoJSON (RFC 7946, section 3.1.7): for each part the outer ring and the rings of its holes, each closed, valid by OGC
 * Simple Features.
 *
 * @param type always MultiPolygon
 * @param coordinates positions [x, y] in pixels of the upright image, origin top left, along the edges of the pixels
 */
public record MultiPolygon(
        @Schema(example = "MultiPolygon") String type,

        @Schema(example = "[[[[0, 0], [4, 0], [4, 3], [0, 3], [0, 0]]]]")
        List<List<int[][]>> coordinates) {

    /** The geometry of parts. */
    public static MultiPolygon of(List<Polygons.Part> parts) {
        return new MultiPolygon(
                "MultiPolygon",
                parts.stream()
                        .map(part -> Stream.concat(Stream.of(part.outer()), part.holes().stream())
                                .map(MultiPolygon::ring)
                                .toList())
                        .toList());
    }

    private static int[][] ring(int[] line) {
        return IntStream.rangeClosed(0, line.length / 2)
                .map(corner -> 2 * corner % line.length)
                .mapToObj(i -> new int[] {line[i], line[i + 1]})
                .toArray(int[][]::new);
    }
}
