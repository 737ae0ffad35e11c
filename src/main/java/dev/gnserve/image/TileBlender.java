package dev.gnserve.image;

import java.util.Arrays;

/**
 * Puts the outputs of overlapping tiles together with smooth weights that sum to 1 everywhere.
 *
 * <p>Holds one row of tiles and no more: a row of the picture is handed on as soon as no later tile can touch it. Tiles
 * come in order, so that sums are formed in the same order whatever was computed when. Not thread-safe.
 */
public final class TileBlender {

    private final int channels;
    private final Geometry geometry;
    private final TileAxis columns;
    private final TileAxis rows;
    private final RowSink sink;

    /** A ring of tile-high rows [rows.tile, channels, scaledWidth]: row y of the input lies at y % rows.tile. */
    private final float[][] ring;

    private final int tiles;
    private int next;

    TileBlender(int channels, Geometry geometry, TileAxis columns, TileAxis rows, RowSink sink) {
        this.channels = channels;
        this.geometry = geometry;
        this.columns = columns;
        this.rows = rows;
        this.tiles = columns.starts.length * rows.starts.length;
        this.sink = geometry.isScaled() ? new Rescaling(channels, geometry, sink) : sink;
        ring = new float[rows.tile][channels * geometry.scaledWidth()];
    }

    /**
     * Adds the output of the next tile.
     *
     * @param output [channels, any height, any width] covering the tile; scaled to the tile where it is coarser
     */
    public void add(PlanarImage output) {
        if (next == tiles) {
            throw new IllegalStateException("all %d tiles are there already".formatted(tiles));
        }
        if (output.channels() != channels) {
            throw new IllegalArgumentException(
                    "tile %d has %d channels, not %d".formatted(next, output.channels(), channels));
        }
        accumulate(
                output.resizedTo(columns.tile, rows.tile), next % columns.starts.length, next / columns.starts.length);
        next++;
        if (next % columns.starts.length == 0) {
            int row = next / columns.starts.length;
            finish(rows.starts[row - 1], row < rows.starts.length ? rows.starts[row] : geometry.scaledHeight());
        }
    }

    private void accumulate(PlanarImage tile, int column, int row) {
        int left = columns.starts[column];
        int top = rows.starts[row];
        int width = Math.min(columns.tile, geometry.scaledWidth() - left);
        int height = Math.min(rows.tile, geometry.scaledHeight() - top);
        for (int y = 0; y < height; y++) {
            float[] target = ring[(top + y) % rows.tile];
            float rowWeight = rows.weights[row * rows.tile + y];
            for (int c = 0; c < channels; c++) {
                int from = (c * rows.tile + y) * columns.tile;
                int to = c * geometry.scaledWidth() + left;
                if (tiles == 1) {
                    System.arraycopy(tile.values(), from, target, to, width);
                    continue;
                }
                int weight = column * columns.tile;
                for (int x = 0; x < width; x++) {
                    target[to + x] += rowWeight * columns.weights[weight + x] * tile.values()[from + x];
                }
            }
        }
    }

    private void finish(int from, int to) {
        for (int y = from; y < Math.min(to, geometry.scaledHeight()); y++) {
            float[] row = ring[y % rows.tile];
            sink.accept(y, row);
            Arrays.fill(row, 0);
        }
    }

    /** Collects the picture at the scale of the network, then hands on its rows at the scale of the original. */
    private static final class Rescaling implements RowSink {
        private final Geometry geometry;
        private final RowSink sink;
        private final PlanarImage picture;

        Rescaling(int channels, Geometry geometry, RowSink sink) {
            this.geometry = geometry;
            this.sink = sink;
            int width = geometry.scaledWidth();
            int height = geometry.scaledHeight();
            picture = new PlanarImage(channels, height, width, new float[channels * height * width]);
        }

        @Override
        public void accept(int y, float[] values) {
            int width = picture.width();
            int height = picture.height();
            for (int c = 0; c < picture.channels(); c++) {
                System.arraycopy(values, c * width, picture.values(), (c * height + y) * width, width);
            }
            if (y == height - 1) {
                new BilinearResize(width, height, geometry.width(), geometry.height()).forEachRow(picture, sink);
            }
        }
    }
}
