package dev.gnserve.image;

import org.jspecify.annotations.Nullable;

/**
 * From an upright image to what a network takes: colours, scale, normalization, padding, tiles; in this order. Immutable
 * and thread-safe.
 *
 * @param channels which colours, in which order
 * @param resize to the scale the network was trained at
 * @param padding to sides that the network can halve
 * @param tiling for images larger than a tile, or null to take every image whole
 */
public record Preprocessor(
        ChannelOrder channels,
        Resize resize,
        Padding padding,
        @Nullable Tiling tiling) {

    public Preprocessor {
        if (tiling != null && tiling.size() % padding.multiple() != 0) {
            throw new IllegalArgumentException("the tile of %d pixels is no multiple of %d, which the network needs"
                    .formatted(tiling.size(), padding.multiple()));
        }
    }

    public PreparedImage prepare(UprightImage image) {
        Geometry geometry = Geometry.of(image.width(), image.height(), resize, padding);
        PlanarImage scaled =
                Samples.toPlanes(image, channels).resizedTo(geometry.scaledWidth(), geometry.scaledHeight());
        TileAxis columns = axis(geometry.paddedWidth());
        TileAxis rows = axis(geometry.paddedHeight());
        return new PreparedImage(scaled, geometry, padding, columns, rows);
    }

    private TileAxis axis(int length) {
        return tiling == null ? TileAxis.whole(length) : TileAxis.of(length, tiling);
    }
}
