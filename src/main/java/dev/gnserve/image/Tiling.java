package dev.gnserve.image;

/**
 * How an image larger than a tile is cut: tiles of equal shape, so that they batch, that overlap by at least this much.
 *
 * @param size side of a tile in pixels of the network's input, at most
 * @param overlap of neighbours, at least; at most half of {@code size}
 * @param shrink whether tiles are smaller than {@code size}, where the same number of smaller ones covers the image. An image of 1,024
 *     pixels then takes two of 560 a side instead of two of 768, for an overlap of 96. Tiles stay larger than half of {@code size}
 */
public record Tiling(int size, int overlap, boolean shrink) {

    public Tiling {
        if (size < 1 || overlap < 0 || overlap > size / 2) {
            throw new IllegalArgumentException(
                    "a tile of %d pixels cannot overlap its neighbours by %d; at most by half"
                            .formatted(size, overlap));
        }
    }

    /** Tiles that have all the same size, whatever the image. */
    public Tiling(int size, int overlap) {
        this(size, overlap, false);
    }

    /** The number of tiles along a side. */
    int count(int length) {
        int step = size - overlap;
        return length <= size ? 1 : (length - overlap + step - 1) / step;
    }

    /**
     * The side of the tiles along a side of the image.
     *
     * @param length of the side, more than {@code size}
     * @param multiple of which the result is one, as {@code size} is
     */
    int side(int length, int multiple) {
        if (!shrink) {
            return size;
        }
        int tiles = count(length);
        long least = (length + (tiles - 1L) * overlap + tiles - 1) / tiles;
        return Math.toIntExact((least + multiple - 1) / multiple * multiple);
    }
}
