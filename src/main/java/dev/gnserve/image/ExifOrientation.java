package dev.gnserve.image;

/**
 * Finds the orientation in an EXIF block, that is in the first directory of a TIFF structure (EXIF 2.32, 4.6).
 *
 * <p>Only that one tag is read. A general metadata library would inflate text chunks and walk maker notes of an
 * untrusted file for values that nobody here wants.
 */
final class ExifOrientation {

    private ExifOrientation() {}

    /** The orientation in the TIFF structure from {@code offset} on; upright where there is none or it is broken. */
    static Orientation read(byte[] bytes, int offset, int length) {
        try {
            return new TiffDirectory(bytes, offset, length).orientation();
        } catch (IndexOutOfBoundsException | IllegalArgumentException | CorruptImageException broken) {
            // Broken metadata does not make the picture unreadable; viewers show such a file as it is stored.
            return Orientation.UPRIGHT;
        }
    }
}
