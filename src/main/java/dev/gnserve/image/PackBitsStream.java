package dev.gnserve.image;

import java.io.InputStream;
import java.util.Arrays;

/** Bytes that were stored as runs (TIFF 6.0, section 9). */
final class PackBitsStream extends InputStream {

    private final byte[] bytes;
    private final int end;
    private final boolean reversed;
    private int at;
    private int left;
    private boolean run;
    /** What a run repeats. */
    private byte repeated;

    /** @param reversed whether the lowest bit of a byte is its first */
    PackBitsStream(byte[] bytes, int from, int length, boolean reversed) {
        this.bytes = bytes;
        this.at = from;
        this.end = from + length;
        this.reversed = reversed;
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
        int done = 0;
        while (done < length && hasMore()) {
            int count = Math.min(left, length - done);
            if (run) {
                Arrays.fill(into, offset + done, offset + done + count, repeated);
            } else {
                count = Math.min(count, end - at);
                if (count == 0) {
                    break;
                }
                copy(into, offset + done, count);
            }
            done += count;
            left -= count;
        }
        return done == 0 && length > 0 ? -1 : done;
    }

    private boolean hasMore() {
        while (left == 0) {
            if (at == end) {
                return false;
            }
            int header = next() & 0xFF;
            run = header > 128;
            if (run && at == end) {
                return false;
            }
            left = run ? 257 - header : header < 128 ? header + 1 : 0;
            repeated = run ? next() : 0;
        }
        return true;
    }

    private byte next() {
        byte next = bytes[at++];
        return reversed ? reversed(next) : next;
    }

    private void copy(byte[] into, int offset, int count) {
        System.arraycopy(bytes, at, into, offset, count);
        at += count;
        for (int i = offset; reversed && i < offset + count; i++) {
            into[i] = reversed(into[i]);
        }
    }

    private static byte reversed(byte bits) {
        return (byte) (Integer.reverse(bits) >>> 24);
    }
}
