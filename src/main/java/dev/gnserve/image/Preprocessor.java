package dev.gnserve.image;

import org.jspecify.annotations.Nullable;

/**
 * From an upright image to what a network takes: colours, scale, normalization, padding, tiles; in this order. Immutable
 * and thread-safe.
 *
 * @param channels which colours, in which order
 * @param range which values become 0 and 255
 * @param resize to the scale the network was trained at
 * @param normalization of these values
 * @param padding to sides that the network can halve
 * @param tiling for images larger than a tile, or null to take every image whole
 */
public record Preprocessor(
        ChannelOrder channels,
        SampleRange range,
        Resize resize,
        Normalization normalization,
        Padding padding,
        @Nullable Tiling tiling) {

    public Preprocessor {
        if (tiling != null) {
            if (resize instanceof Resize.Fit) {
                throw new IllegalArgumentException(
                        "an image that is fitted into %s is not cut into tiles".formatted(resize));
            }
            // Twice, so that a tile at the border holds what its padding mirrors.
            if (tiling.size() % padding.multiple() != 0
                    || (padding.multiple() > 1 && tiling.size() < 2 * padding.multiple())) {
                throw new IllegalArgumentException(
                        "the tile of %d pixels must be a multiple of %d, which the network needs, and at least twice as large"
                                .formatted(tiling.size(), padding.multiple()));
            }
        }
    }

    public PreparedImage prepare(UprightImage image) {
        Geometry geometry = Geometry.of(image.width(), image.height(), resize, padding);
        PlanarRows rows = range.rows(image, channels);
        if (geometry.isScaled()) {
            rows = new BilinearResize(image.width(), image.height(), geometry.scaledWidth(), geometry.scaledHeight())
                    .apply(rows);
        }
        return new PreparedImage(
                rows,
                geometry,
                FittedNormalization.of(normalization, rows),
                padding,
                axis(geometry.paddedWidth()),
                axis(geometry.paddedHeight()));
    }

    private TileAxis axis(int length) {
        return tiling == null ? TileAxis.whole(length) : TileAxis.of(length, tiling, padding.multiple());
    }
}
