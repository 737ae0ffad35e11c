package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * What the chunks of a PNG file say (ISO/IEC 15948), read without decoding.
 *
 * @param orientation from an eXIf chunk
 */
record PngStructure(Orientation orientation) {

    private static final int SIGNATURE_BYTES = 8;
    private static final int IHDR = 0x49484452;
    private static final int IDAT = 0x49444154;
    private static final int IEND = 0x49454E44;
    private static final int EXIF = 0x65584966;

    /** Walks all chunks to the end, so that a truncated or altered file is known before it is decoded. */
    static PngStructure read(byte[] bytes, ImageLimits limits) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        Orientation orientation = Orientation.UPRIGHT;
        boolean data = false;
        int at = SIGNATURE_BYTES;
        while (true) {
            if (at + 12 > bytes.length || at + 12L + Integer.toUnsignedLong(file.getInt(at)) > bytes.length) {
                throw new CorruptImageException("it ends before its IEND chunk");
            }
            int length = file.getInt(at);
            int type = file.getInt(at + 4);
            if (at == SIGNATURE_BYTES) {
                if (type != IHDR || length != 13) {
                    throw new CorruptImageException("it does not begin with an IHDR chunk");
                }
                limits.check(ImageFormat.PNG, file.getInt(at + 8), file.getInt(at + 12));
            }
            CRC32 crc = new CRC32();
            crc.update(bytes, at + 4, length + 4);
            if ((int) crc.getValue() != file.getInt(at + 8 + length)) {
                throw new CorruptImageException("the checksum of the chunk at byte %d is wrong".formatted(at));
            }
            if (type == EXIF) {
                orientation = ExifOrientation.read(bytes, at + 8, length);
            }
            data |= type == IDAT;
            if (type == IEND) {
                break;
            }
            at += 12 + length;
        }
        if (!data) {
            throw new CorruptImageException("it has no image data");
        }
        return new PngStructure(orientation);
    }
}
