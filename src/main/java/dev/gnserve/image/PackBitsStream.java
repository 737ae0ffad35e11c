package dev.gnserve.image;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

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
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int done = 0;
        while (done < length && hasMore()) {
            int count = Math.min(left, length - done);
            if (repeated >= 0) {
                Arrays.fill(into, offset + done, offset + done + count, (byte) repeated);
            } else if (in.readNBytes(into, offset + done, count) < count) {
                return done == 0 ? -1 : done;
            }
            done += count;
            left -= count;
        }
        return done == 0 && length > 0 ? -1 : done;
    }

    private boolean hasMore() throws IOException {
        while (left == 0) {
            int header = in.read();
            if (header < 0) {
                return false;
            }
            boolean run = header > 128;
            left = run ? 257 - header : header < 128 ? header + 1 : 0;
            repeated = run ? in.read() : -1;
        }
        return true;
    }
}
