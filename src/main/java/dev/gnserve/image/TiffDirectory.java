package dev.gnserve.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The first directory of a TIFF structure (TIFF 6.0, and BigTIFF with its wider fields), read without decoding.
 *
 * <p>Every access is held against the bytes that are there: broken offsets end in an IndexOutOfBoundsException.
 */
final class TiffDirectory {

    private static final int ORIENTATION = 0x0112;
    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int SAMPLES_PER_PIXEL = 277;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;

    private static final int TYPE_SHORT = 3;
    private static final int TYPE_LONG = 4;
    private static final int TYPE_LONG8 = 16;

    /** Gray, palette, RGB and CMYK, with up to two channels of alpha. */
    private static final int MOST_SAMPLES_PER_PIXEL = 6;

    private final ByteBuffer tiff;
    private final boolean big;
    private final int first;
    private final int entries;

    TiffDirectory(byte[] bytes, int offset, int length) throws CorruptImageException {
        tiff = ByteBuffer.wrap(bytes, offset, length).slice();
        tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        short magic = tiff.getShort(2);
        if (magic != 42 && magic != 43) {
            throw new CorruptImageException("its TIFF header has the number %d".formatted(magic));
        }
        big = magic == 43;
        int directory = index(big ? tiff.getLong(8) : Integer.toUnsignedLong(tiff.getInt(4)));
        entries = big ? index(tiff.getLong(directory)) : Short.toUnsignedInt(tiff.getShort(directory));
        first = directory + (big ? 8 : 2);
    }

    Orientation orientation() {
        return Orientation.ofExif((int) value(ORIENTATION, 1));
    }

    /** Holds what decoding will take memory for against the limits. */
    void check(ImageLimits limits) throws CorruptImageException {
        limits.check(ImageFormat.TIFF, value(WIDTH, 0), value(HEIGHT, 0));
        long tileWidth = value(TILE_WIDTH, 1);
        long tileHeight = value(TILE_HEIGHT, 1);
        if (tileWidth < 1
                || tileHeight < 1
                || tileWidth > limits.maxSide()
                || tileHeight > limits.maxSide()
                || tileWidth * tileHeight > limits.maxPixels()) {
            throw new CorruptImageException("it declares tiles of %d x %d pixels".formatted(tileWidth, tileHeight));
        }
        long samples = value(SAMPLES_PER_PIXEL, 1);
        if (samples < 1 || samples > MOST_SAMPLES_PER_PIXEL) {
            throw new CorruptImageException(
                    "it has %d samples per pixel; gray, palette, RGB and CMYK are read".formatted(samples));
        }
    }

    /** Cuts the chain of directories behind the first, so that a decoder does not walk a million pages. */
    void dropOtherPages() {
        int link = first + entries * entryBytes();
        if (link + (big ? 8 : 4) <= tiff.limit()) {
            if (big) {
                tiff.putLong(link, 0);
            } else {
                tiff.putInt(link, 0);
            }
        }
    }

    /** The first value of a tag of whole numbers, or the fallback where there is no such tag. */
    private long value(int tag, long fallback) {
        for (int i = 0; i < entries; i++) {
            int entry = first + i * entryBytes();
            if (Short.toUnsignedInt(tiff.getShort(entry)) == tag) {
                int at = entry + (big ? 12 : 8);
                return switch (tiff.getShort(entry + 2)) {
                    case TYPE_SHORT -> Short.toUnsignedLong(tiff.getShort(at));
                    case TYPE_LONG -> Integer.toUnsignedLong(tiff.getInt(at));
                    case TYPE_LONG8 -> big ? tiff.getLong(at) : fallback;
                    default -> fallback;
                };
            }
        }
        return fallback;
    }

    private int entryBytes() {
        return big ? 20 : 12;
    }

    private int index(long value) {
        if (value < 0 || value > tiff.limit()) {
            throw new IndexOutOfBoundsException("offset %d of %d".formatted(value, tiff.limit()));
        }
        return (int) value;
    }
}
