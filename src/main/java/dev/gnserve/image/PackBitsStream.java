package dev.gnserve.image;

import java.io.IOException;
import java.io.InputStream;

/** Bytes that were stored as runs (TIFF 6.0, section 9). */
final class PackBitsStream extends InputStream {

    private final InputStream in;
    private int left;
    /** The byte that is repeated, or -1 where bytes follow as they are. */
    private int repeated;

    PackBitsStream(InputStream in) {
        this.in = in;
    }

    @Override
    public int read() throws IOException {
        while (left == 0) {
            int header = in.read();
            if (header < 0) {
                return -1;
            }
            boolean run = header > 128;
            left = run ? 257 - header : header < 128 ? header + 1 : 0;
            repeated = run ? in.read() : -1;
        }
        left--;
        return repeated >= 0 ? repeated : in.read();
    }
}
