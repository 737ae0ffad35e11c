package dev.gnserve.image;

/** Finds the orientation in an EXIF block, which is a TIFF structure (EXIF 2.32, 4.6). */
final class ExifOrientation {

    private static final int ORIENTATION = 274;

    private ExifOrientation() {}

    /** The orientation in the block from {@code offset} on; upright where there is none or the block is broken. */
    static Orientation read(byte[] bytes, int offset, int length) {
        try {
            return of(TiffDirectory.read(bytes, offset, length));
        } catch (CorruptImageException broken) {
            // Broken metadata do not make the picture unreadable; viewers show such a file as it is stored.
            return Orientation.UPRIGHT;
        }
    }

    static Orientation of(TiffDirectory directory) {
        try {
            return Orientation.ofExif(Math.toIntExact(directory.number(ORIENTATION, 1)));
        } catch (CorruptImageException | ArithmeticException broken) {
            return Orientation.UPRIGHT;
        }
    }
}
