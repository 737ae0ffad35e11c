package dev.gnserve.image;

/** Decodes bits of known probability from a partition of VP8 (RFC 6386, section 7). */
final class Vp8Bits {

    /** Encoders end a partition a little early: zeros follow. */
    private static final int MOST_BYTES_BEHIND_THE_END = 16;

    private static final int EVEN = 128;

    private final byte[] bytes;
    private final int end;
    private int at;
    private int behind;
    /** The bits that are read and not yet decoded: eight, and {@code more}. */
    private long held;

    private int more = -8;
    private int range = 255;

    Vp8Bits(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /** 1 or 0; 0 has this probability of 256. */
    int bit(int probability) throws CorruptImageException {
        if (more < 0) {
            fill();
        }
        int split = 1 + (((range - 1) * probability) >> 8);
        int bit;
        if ((held >>> more) >= split) {
            held -= (long) split << more;
            range -= split;
            bit = 1;
        } else {
            range = split;
            bit = 0;
        }
        int shift = Integer.numberOfLeadingZeros(range) - 24;
        range <<= shift;
        more -= shift;
        return bit;
    }

    private void fill() throws CorruptImageException {
        while (more <= 40) {
            int next = 0;
            if (at < end) {
                next = bytes[at++] & 0xFF;
            } else if (++behind > MOST_BYTES_BEHIND_THE_END) {
                throw new CorruptImageException("it ends before its pixels");
            }
            held = (held << 8) | next;
            more += 8;
        }
    }

    boolean flag() throws CorruptImageException {
        return bit(EVEN) == 1;
    }

    /** An unsigned number of so many bits, the greatest first. */
    int number(int bits) throws CorruptImageException {
        int number = 0;
        for (int i = 0; i < bits; i++) {
            number = (number << 1) | bit(EVEN);
        }
        return number;
    }

    /** A number of so many bits and a sign, if a flag says that there is one; 0 if not. */
    int optional(int bits) throws CorruptImageException {
        return flag() ? signed(number(bits)) : 0;
    }

    /** A number whose sign follows. */
    int signed(int number) throws CorruptImageException {
        return flag() ? -number : number;
    }
}
