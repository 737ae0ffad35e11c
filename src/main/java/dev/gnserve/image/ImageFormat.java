package dev.gnserve.image;

import org.jspecify.annotations.Nullable;

/** The formats that are read, told apart by their first bytes and never by a declared type. */
enum ImageFormat {
    JPEG("JPEG"),
    PNG("PNG"),
    BMP("BMP"),
    GIF("GIF"),
    TIFF("TIFF"),
    WEBP("WebP"),
    NPY("NumPy array");

    private final String title;

    ImageFormat(String title) {
        this.title = title;
    }

    static @Nullable ImageFormat of(byte[] bytes) {
        if (startsWith(bytes, 0, 0xFF, 0xD8, 0xFF)) {
            return JPEG;
        }
        if (startsWith(bytes, 0, 0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A)) {
            return PNG;
        }
        if (startsWith(bytes, 0, 'G', 'I', 'F', '8', '7', 'a') || startsWith(bytes, 0, 'G', 'I', 'F', '8', '9', 'a')) {
            return GIF;
        }
        if (startsWith(bytes, 0, 'R', 'I', 'F', 'F') && startsWith(bytes, 8, 'W', 'E', 'B', 'P')) {
            return WEBP;
        }
        // 42 marks TIFF, 43 BigTIFF.
        if (startsWith(bytes, 0, 'I', 'I', 42, 0)
                || startsWith(bytes, 0, 'M', 'M', 0, 42)
                || startsWith(bytes, 0, 'I', 'I', 43, 0)
                || startsWith(bytes, 0, 'M', 'M', 0, 43)) {
            return TIFF;
        }
        if (startsWith(bytes, 0, 0x93, 'N', 'U', 'M', 'P', 'Y')) {
            return NPY;
        }
        // Two letters are too few to tell a bitmap from a text. The words behind the file size are zero but for
        // pointers
        // of OS/2; the size of the header, below 256, ends with three zeros.
        if (startsWith(bytes, 0, 'B', 'M') && (startsWith(bytes, 6, 0, 0, 0, 0) || startsWith(bytes, 15, 0, 0, 0))) {
            return BMP;
        }
        return null;
    }

    private static boolean startsWith(byte[] bytes, int offset, int... expected) {
        if (bytes.length < offset + expected.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if ((bytes[offset + i] & 0xFF) != expected[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return title;
    }
}
