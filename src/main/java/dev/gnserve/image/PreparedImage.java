package dev.gnserve.image;

import java.util.List;

/**
 * One image as a network takes it: one or more tiles of equal shape, and the way back from the network's outputs to the
 * upright original.
 *
 * <p>Tiles are numbered row by row. Immutable and thread-safe.
 */
public final class PreparedImage {

    private final PlanarRows image;
    private final Geometry geometry;
    private final FittedNormalization normalization;
    private final Padding padding;
    private final TileAxis columns;
    private final TileAxis rows;

    /**
     * @param image at the scale of the network, not yet normalized or padded
     */
    PreparedImage(
            PlanarRows image,
            Geometry geometry,
            FittedNormalization normalization,
            Padding padding,
            TileAxis columns,
            TileAxis rows) {
        this.image = image;
        this.geometry = geometry;
        this.normalization = normalization;
        this.padding = padding;
        this.columns = columns;
        this.rows = rows;
    }

    public Geometry geometry() {
        return geometry;
    }

    public int channels() {
        return image.channels();
    }

    public int tiles() {
        return columns.starts.length * rows.starts.length;
    }

    public int tileWidth() {
        return columns.tile;
    }

    public int tileHeight() {
        return rows.tile;
    }

    /** The input of a tile, float32 [channels, tileHeight, tileWidth]; made anew at each call. */
    public PlanarImage tile(int index) {
        int left = left(index);
        int top = top(index);
        int width = columns.tile;
        int height = rows.tile;
        int channels = image.channels();
        int insideWidth = Math.max(0, Math.min(width, image.width() - left));
        int insideHeight = Math.max(0, Math.min(height, image.height() - top));
        float[] values = new float[channels * height * width];
        for (int y = 0; y < insideHeight; y++) {
            image.read(left, top + y, insideWidth, values, y * width, height * width);
        }
        PlanarImage tile = new PlanarImage(channels, height, width, values);
        normalization.apply(values, channels);
        padding.fill(tile, insideWidth, insideHeight);
        return tile;
    }

    /**
     * Whether a box lies at an edge where this tile was cut out of the image, so that it may show a part of an object that
     * a neighbouring tile shows whole. Objects larger than the overlap of the tiles are not whole in any; their parts count.
     *
     * @param margin distance to the edge, in input pixels
     */
    public boolean isCut(int tile, Box box, double margin) {
        return columns.isCut(tile % columns.starts.length, box.x(), box.right(), margin)
                || rows.isCut(tile / columns.starts.length, box.y(), box.bottom(), margin);
    }

    /** The part of the input that a tile shows. */
    public LabelMap.Region place(int tile) {
        return new LabelMap.Region(left(tile), top(tile), columns.tile, rows.tile);
    }

    /** The part of the input that a tile stands for: the parts of all tiles cover the input once. */
    public LabelMap.Region core(int tile) {
        int column = tile % columns.starts.length;
        int row = tile / columns.starts.length;
        int x = columns.coreStart(column);
        int y = rows.coreStart(row);
        return new LabelMap.Region(left(tile) + x, top(tile) + y, columns.coreEnd(column) - x, rows.coreEnd(row) - y);
    }

    /** A box of a tile in pixels of the upright original. */
    public Box toOriginal(int tile, Box box) {
        return geometry.toOriginal(new Box(box.x() + left(tile), box.y() + top(tile), box.width(), box.height()));
    }

    /**
     * What of a mask that a tile gave lies over a region of the upright original: by bilinear interpolation between pixel
     * centres, so that without scaling each pixel is the mask's own.
     *
     * @param mask one channel that covers the tile, of any resolution
     * @param threshold pixels above it belong to the object
     * @return [region.height, region.width], row-major
     */
    public boolean[] maskOver(int tile, PlanarImage mask, LabelMap.Region region, float threshold) {
        boolean[] inside = new boolean[Math.multiplyExact(region.width(), region.height())];
        if (!geometry.isScaled() && mask.width() == columns.tile && mask.height() == rows.tile) {
            copy(tile, mask, region, threshold, inside);
            return inside;
        }
        double scaleX = (double) geometry.scaledWidth() / geometry.width();
        double scaleY = (double) geometry.scaledHeight() / geometry.height();
        double finerX = (double) mask.width() / columns.tile;
        double finerY = (double) mask.height() / rows.tile;
        for (int y = 0, at = 0; y < region.height(); y++) {
            double v = ((region.y() + y + 0.5) * scaleY - top(tile)) * finerY - 0.5;
            for (int x = 0; x < region.width(); x++, at++) {
                double u = ((region.x() + x + 0.5) * scaleX - left(tile)) * finerX - 0.5;
                inside[at] = mask.between(u, v) > threshold;
            }
        }
        return inside;
    }

    /** Where each pixel is one of the mask's own; beyond its border, the border's. */
    private void copy(int tile, PlanarImage mask, LabelMap.Region region, float threshold, boolean[] inside) {
        for (int y = 0, at = 0; y < region.height(); y++) {
            int row = Math.max(0, Math.min(rows.tile - 1, region.y() + y - top(tile)));
            for (int x = 0; x < region.width(); x++, at++) {
                int column = Math.max(0, Math.min(columns.tile - 1, region.x() + x - left(tile)));
                inside[at] = mask.value(0, row, column) > threshold;
            }
        }
    }

    /**
     * As {@link #maskOver}, for a mask that covers a box only: beyond it is 0. So detectron2 pastes masks ({@code grid_sample} with
     * {@code align_corners=False}).
     *
     * @param box in pixels of the tile
     */
    public boolean[] maskWithin(int tile, PlanarImage mask, Box box, LabelMap.Region region, float threshold) {
        boolean[] inside = new boolean[Math.multiplyExact(region.width(), region.height())];
        double scaleX = (double) geometry.scaledWidth() / geometry.width();
        double scaleY = (double) geometry.scaledHeight() / geometry.height();
        for (int y = 0, at = 0; y < region.height(); y++) {
            double v = (region.y() + y + 0.5) * scaleY - top(tile) - box.y();
            for (int x = 0; x < region.width(); x++, at++) {
                double u = (region.x() + x + 0.5) * scaleX - left(tile) - box.x();
                inside[at] =
                        mask.betweenOrZero(u / box.width() * mask.width() - 0.5, v / box.height() * mask.height() - 0.5)
                                > threshold;
            }
        }
        return inside;
    }

    /**
     * Blends the outputs of all tiles, one at a time, and hands on finished rows of the upright original.
     *
     * @param channels of the outputs
     */
    public TileBlender blender(int channels, RowSink sink) {
        return new TileBlender(channels, geometry, columns, rows, sink);
    }

    /**
     * Blends as {@link #blender}, and hands on rows at the scale of the outputs, without what only shows padding: for outputs that mean
     * something only there, such as distances in pixels.
     *
     * @param stride of the outputs: input pixels for one of theirs
     */
    public TileBlender outputBlender(int channels, int stride, RowSink sink) {
        int width = (geometry.scaledWidth() + stride - 1) / stride;
        int height = (geometry.scaledHeight() + stride - 1) / stride;
        Geometry unscaled = new Geometry(width, height, width, height, width, height);
        return new TileBlender(channels, unscaled, columns.coarser(stride), rows.coarser(stride), sink);
    }

    /**
     * The outputs of all tiles as one picture of the upright original, float32 [channels, height, width].
     *
     * @param outputs one per tile, in order, each of any resolution; should be what may be averaged: probabilities
     */
    public PlanarImage blend(List<PlanarImage> outputs) {
        int channels = outputs.get(0).channels();
        int width = geometry.width();
        int height = geometry.height();
        float[] values = new float[channels * height * width];
        TileBlender blender = blender(channels, (y, row) -> {
            for (int c = 0; c < channels; c++) {
                System.arraycopy(row, c * width, values, (c * height + y) * width, width);
            }
        });
        outputs.forEach(blender::add);
        return new PlanarImage(channels, height, width, values);
    }

    private int left(int tile) {
        return columns.starts[tile % columns.starts.length];
    }

    private int top(int tile) {
        return rows.starts[tile / columns.starts.length];
    }
}
