package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the chunks of a WebP file say (RFC 9649), read without decoding: the orientation, and the size that each of its
 * headers declares.
 */
final class WebpStructure {

    private static final int VP8 = 0x20385056;
    private static final int VP8L = 0x4C385056;
    private static final int VP8X = 0x58385056;
    private static final int ANMF = 0x464D4E41;
    private static final int EXIF = 0x46495845;
    private static final int RIFF_HEADER_BYTES = 12;
    private static final int FRAME_HEADER_BYTES = 16;

    /**
     * The lossy decoder keeps some 60 bytes per pixel, a hundred times what the picture is; 16 megapixels are a gigabyte.
     */
    private static final long MOST_LOSSY_PIXELS = 16_000_000;

    /**
     * The lossless decoder makes five tables for every group of codes that a file declares, whether a pixel uses them or
     * not; 160 kB can declare all 65,536 of them, which take 340 MB.
     */
    private static final long MOST_GROUPS = 65_536;

    private static final int LEAST_BITS_PER_GROUP = 20;

    /** Its tables, in pixels of 64 bytes. */
    private static final long PIXELS_PER_GROUP = 90;

    private final byte[] bytes;
    private final ByteBuffer file;
    private final ImageLimits limits;
    private final ImageLimits lossyLimits;
    private Orientation orientation = Orientation.UPRIGHT;
    private boolean hasPixels;

    private WebpStructure(byte[] bytes, ImageLimits limits) {
        this.bytes = bytes;
        this.file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.limits = limits;
        this.lossyLimits = new ImageLimits(Math.min(limits.maxPixels(), MOST_LOSSY_PIXELS), limits.maxSide());
    }

    /** Reads the orientation; throws where a header declares more than the limits allow, or chunks do not add up. */
    static Orientation check(byte[] bytes, ImageLimits limits) throws IOException {
        WebpStructure structure = new WebpStructure(bytes, limits);
        long end = 8 + Integer.toUnsignedLong(structure.file.getInt(4));
        if (end > bytes.length) {
            throw new CorruptImageException("its header declares %d bytes".formatted(end));
        }
        structure.readChunks(RIFF_HEADER_BYTES, (int) end);
        if (!structure.hasPixels) {
            // The decoder would answer with a black picture of the declared size.
            throw new CorruptImageException("it has no chunk of image data");
        }
        return structure.orientation;
    }

    /** What a file can make the decoder keep beside its pixels, as pixels; nothing where it is lossy and has no alpha. */
    static long pixelsWorthOfCodes(byte[] bytes) {
        boolean plainLossy =
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(RIFF_HEADER_BYTES) == VP8;
        return plainLossy ? 0 : PIXELS_PER_GROUP * Math.min(MOST_GROUPS, 8L * bytes.length / LEAST_BITS_PER_GROUP);
    }

    private void readChunks(int from, int end) throws IOException {
        for (long at = from; at + 8 <= end; ) {
            int type = file.getInt((int) at);
            long length = Integer.toUnsignedLong(file.getInt((int) at + 4));
            if (at + 8 + length > end) {
                throw new CorruptImageException("the chunk at byte %d runs over its end".formatted(at));
            }
            readChunk(type, (int) at + 8, (int) length);
            at += 8 + length + (length & 1);
        }
    }

    private void readChunk(int type, int at, int length) throws IOException {
        hasPixels |= type == VP8 || type == VP8L;
        switch (type) {
            case VP8 ->
                lossyLimits.check(ImageFormat.WEBP, file.getShort(at + 6) & 0x3FFF, file.getShort(at + 8) & 0x3FFF);
            case VP8L -> {
                int sizes = file.getInt(at + 1);
                limits.check(ImageFormat.WEBP, (sizes & 0x3FFF) + 1, (sizes >> 14 & 0x3FFF) + 1);
            }
            case VP8X -> limits.check(ImageFormat.WEBP, u24(at + 4) + 1, u24(at + 7) + 1);
            case ANMF -> {
                limits.check(ImageFormat.WEBP, u24(at + 6) + 1, u24(at + 9) + 1);
                readChunks(at + FRAME_HEADER_BYTES, at + length);
            }
            case EXIF -> orientation = exif(at, length);
            default -> {}
        }
    }

    /** Some writers put the prefix of JPEG's EXIF segment before the block. */
    private Orientation exif(int at, int length) {
        boolean prefixed = length > 6 && bytes[at] == 'E' && bytes[at + 4] == 0;
        return prefixed ? ExifOrientation.read(bytes, at + 6, length - 6) : ExifOrientation.read(bytes, at, length);
    }

    private int u24(int at) {
        return Short.toUnsignedInt(file.getShort(at)) | (bytes[at + 2] & 0xFF) << 16;
    }
}
