package dev.gnserve.image;

import com.drew.metadata.exif.ExifIFD0Directory;

/** Holds what the first page of a TIFF file will take memory for against the limits. */
final class TiffStructure {

    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int SAMPLES_PER_PIXEL = 277;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;

    /** Gray, palette, RGB and CMYK, with up to two channels of alpha. */
    private static final int MOST_SAMPLES_PER_PIXEL = 6;

    /** A rational of eight bytes becomes an object of 32, beside the array that it stands in, in the reader and in its copy. */
    private static final int VALUE_BYTES_PER_PIXEL = 4;

    private TiffStructure() {}

    static void check(byte[] bytes, ImageLimits limits) throws CorruptImageException {
        TiffDirectories.bytesHeld(bytes);
        ExifIFD0Directory page = ExifOrientation.directory(bytes);
        if (page == null) {
            // BigTIFF, which the metadata library does not know; the decoder's own header is held against the limits.
            return;
        }
        limits.check(ImageFormat.TIFF, value(page, WIDTH), value(page, HEIGHT));
        long tileWidth = value(page, TILE_WIDTH);
        long tileHeight = value(page, TILE_HEIGHT);
        if (tileWidth < 1
                || tileHeight < 1
                || tileWidth > limits.maxSide()
                || tileHeight > limits.maxSide()
                || tileWidth * tileHeight > limits.maxPixels()) {
            throw new CorruptImageException("it declares tiles of %d x %d pixels".formatted(tileWidth, tileHeight));
        }
        long samples = value(page, SAMPLES_PER_PIXEL);
        if (samples < 1 || samples > MOST_SAMPLES_PER_PIXEL) {
            throw new CorruptImageException(
                    "it has %d samples per pixel; gray, palette, RGB and CMYK are read".formatted(samples));
        }
    }

    /**
     * The pixels that a file claims, and what the values of its directories take as objects of the decoder, in pixels of 64
     * bytes. A BigTIFF, whose header is not read here, claims all there are.
     */
    static long claimedPixels(byte[] bytes) throws CorruptImageException {
        long values = TiffDirectories.bytesHeld(bytes) / VALUE_BYTES_PER_PIXEL;
        ExifIFD0Directory page = ExifOrientation.directory(bytes);
        double pixels = page == null ? Long.MAX_VALUE : (double) value(page, WIDTH) * value(page, HEIGHT);
        return (long) Math.max(1, pixels + values);
    }

    private static long value(ExifIFD0Directory page, int tag) {
        Long value = page.getLongObject(tag);
        return value == null ? 1 : value;
    }
}
