package dev.gnserve.image;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Finds the orientation in an EXIF block, that is in the first directory of a TIFF structure (EXIF 2.32, 4.6).
 *
 * <p>Only that one tag is read. A general metadata library would inflate text chunks and walk maker notes of an
 * untrusted file for values that nobody here wants.
 */
final class ExifOrientation {

    private static final int ORIENTATION_TAG = 0x0112;
    private static final int TYPE_SHORT = 3;
    private static final int TIFF = 42;
    private static final int BIG_TIFF = 43;

    private ExifOrientation() {}

    /** The orientation in the TIFF structure from {@code offset} on; upright where there is none or it is broken. */
    static Orientation read(byte[] bytes, int offset, int length) {
        try {
            return read(ByteBuffer.wrap(bytes, offset, length).slice());
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException broken) {
            // Broken metadata does not make the picture unreadable; viewers show such a file as it is stored.
            return Orientation.UPRIGHT;
        }
    }

    private static Orientation read(ByteBuffer tiff) {
        tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        return switch (tiff.getShort(2)) {
            case TIFF -> {
                int directory = tiff.getInt(4);
                yield find(tiff, directory + 2, Short.toUnsignedInt(tiff.getShort(directory)), 12, 8);
            }
            case BIG_TIFF -> {
                int directory = index(tiff.getLong(8));
                yield find(tiff, directory + 8, index(tiff.getLong(directory)), 20, 12);
            }
            default -> Orientation.UPRIGHT;
        };
    }

    private static Orientation find(ByteBuffer tiff, int first, int entries, int entryBytes, int valueOffset) {
        for (int i = 0; i < entries; i++) {
            int entry = first + i * entryBytes;
            if (tiff.getShort(entry) == ORIENTATION_TAG) {
                int value = tiff.getShort(entry + 2) == TYPE_SHORT ? tiff.getShort(entry + valueOffset) : 1;
                return Orientation.ofExif(value);
            }
        }
        return Orientation.UPRIGHT;
    }

    private static int index(long value) {
        if (value < 0 || value > Integer.MAX_VALUE / 32) {
            throw new IndexOutOfBoundsException(value);
        }
        return (int) value;
    }
}
