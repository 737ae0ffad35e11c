package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the chunks of a WebP file say (RFC 9649), read without decoding.
 *
 * @param orientation from an EXIF chunk
 */
record WebpStructure(Orientation orientation) {

    private static final int EXIF = 0x46495845;
    private static final int RIFF_HEADER_BYTES = 12;

    static WebpStructure read(byte[] bytes) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long end = 8 + Integer.toUnsignedLong(file.getInt(4));
        if (end > bytes.length) {
            throw new CorruptImageException("its header declares %d bytes".formatted(end));
        }
        Orientation orientation = Orientation.UPRIGHT;
        long at = RIFF_HEADER_BYTES;
        while (at + 8 <= end) {
            int type = file.getInt((int) at);
            long length = Integer.toUnsignedLong(file.getInt((int) at + 4));
            if (at + 8 + length > end) {
                throw new CorruptImageException("the chunk at byte %d runs over its end".formatted(at));
            }
            if (type == EXIF) {
                orientation = exif(bytes, (int) at + 8, (int) length);
            }
            at += 8 + length + (length & 1);
        }
        return new WebpStructure(orientation);
    }

    /** Some writers put the prefix of JPEG's EXIF segment before the block. */
    private static Orientation exif(byte[] bytes, int at, int length) {
        boolean prefixed = length > 6 && bytes[at] == 'E' && bytes[at + 4] == 0;
        return prefixed ? ExifOrientation.read(bytes, at + 6, length - 6) : ExifOrientation.read(bytes, at, length);
    }
}
