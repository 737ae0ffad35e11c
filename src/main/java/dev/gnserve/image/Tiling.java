package dev.gnserve.image;

/**
 * How an image larger than a tile is cut: tiles of equal shape, so that they batch, that overlap by at least this much.
 *
 * @param size side of a tile in pixels of the network's input
 * @param overlap of neighbours, at most half of {@code size}
 */
public record Tiling(int size, int overlap) {

    public Tiling {
        if (size < 1 || overlap < 0 || overlap > size / 2) {
            throw new IllegalArgumentException(
                    "a tile of %d pixels cannot overlap its neighbours by %d; at most by half"
                            .formatted(size, overlap));
        }
    }
}
