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

    /**
     * Heap that blending takes for an image of this size, in bytes: the rows of {@link TileBlender}, its picture where the image is scaled,
     * the outputs that are there at a time, and a copy of one as probabilities.
     *
     * @param channels of the outputs, float32, as large as the tiles
     * @param inFlight tiles whose outputs may be there at a time
     */
    public long blendingBytes(int channels, int width, int height, int inFlight) {
        Geometry geometry = Geometry.of(width, height, resize, padding);
        long tileWidth = side(geometry.paddedWidth());
        long tileHeight = side(geometry.paddedHeight());
        long outputs = Math.min(inFlight, tiles(geometry)) + 1;
        long picture = geometry.isScaled() ? (long) geometry.scaledWidth() * geometry.scaledHeight() : 0;
        return (long) Float.BYTES
                * channels
                * (tileHeight * geometry.scaledWidth() + outputs * tileHeight * tileWidth + picture);
    }

    /**
     * Heap that the network's input takes for an image of this size that is enlarged for it, in bytes: its planes, and copies of the tiles
     * that are on their way. 0 for other images, whose pixels stand for it.
     *
     * @param inFlight tiles that may be on their way at a time
     */
    public long enlargedBytes(int width, int height, int inFlight) {
        Resize.Size canvas = resize.canvas(width, height);
        if ((long) canvas.width() * canvas.height() <= (long) width * height) {
            return 0;
        }
        Geometry geometry = Geometry.of(width, height, resize, padding);
        long planes = (long) geometry.scaledWidth() * geometry.scaledHeight();
        long tile = (long) side(geometry.paddedWidth()) * side(geometry.paddedHeight());
        return (long) Float.BYTES * channels.channels() * (planes + Math.min(inFlight, tiles(geometry)) * tile);
    }

    private long tiles(Geometry geometry) {
        return tiling == null ? 1 : (long) tiling.count(geometry.paddedWidth()) * tiling.count(geometry.paddedHeight());
    }

    /** The side of the tiles along a side of the network's input. */
    private int side(int length) {
        return tiling == null || tiling.count(length) == 1 ? length : tiling.side(length, padding.multiple());
    }

    private TileAxis axis(int length) {
        return tiling == null ? TileAxis.whole(length) : TileAxis.of(length, tiling, padding.multiple());
    }
}
