package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the header of a bitmap says, read without decoding.
 *
 * @param bits of a pixel
 */
record BmpStructure(int width, int height, int bits) {

    private static final int CORE_HEADER_BYTES = 12;
    private static final int LEAST_BYTES_WITH_COMPRESSION = 20;
    private static final int UNCOMPRESSED = 0;
    private static final int RLE8 = 1;
    private static final int RLE4 = 2;
    private static final int BIT_FIELDS = 3;
    private static final int ALPHA_BIT_FIELDS = 6;

    /** Throws where the header declares more than the limits allow, or pixels that are not there. */
    static BmpStructure read(byte[] bytes, ImageLimits limits) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        boolean core = header.getInt(14) == CORE_HEADER_BYTES;
        long width = core ? Short.toUnsignedInt(header.getShort(18)) : header.getInt(18);
        long height = core ? Short.toUnsignedInt(header.getShort(20)) : Math.abs((long) header.getInt(22));
        int bits = header.getShort(core ? 24 : 28);
        int compression = header.getInt(14) < LEAST_BYTES_WITH_COMPRESSION ? UNCOMPRESSED : header.getInt(30);
        limits.check(ImageFormat.BMP, width, height);
        boolean read = switch (compression) {
            case UNCOMPRESSED -> true;
            case RLE8 -> bits == 8;
            case RLE4 -> bits == 4;
            case BIT_FIELDS, ALPHA_BIT_FIELDS -> bits == 16 || bits == 32;
            default -> false;
        };
        if (!read || (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)) {
            throw new UnsupportedImageException(
                    "compression %d of %d bits is not read in bitmaps; save it uncompressed or as PNG"
                            .formatted(compression, bits));
        }
        // The decoder takes memory for the picture before it sees that the pixels are missing.
        boolean runLengths = compression == RLE8 || compression == RLE4;
        if (!runLengths && width * height * bits / 8 > bytes.length) {
            throw new CorruptImageException("it ends before its %d x %d pixels".formatted(width, height));
        }
        return new BmpStructure((int) width, (int) height, bits);
    }

    /** What decoding takes: the decoder's raster, and colours made of it. */
    DecodeCost cost() {
        return DecodeCost.of((long) width * height, bits == 24 ? 3 : 3 + bits / 8.0, 0);
    }
}
