package dev.gnserve.image;

/** The bits of a chunk of lossless WebP, least significant first. Bits behind the end make the file corrupt. */
final class Vp8lBits {

    private final byte[] bytes;
    private final int end;
    private int at;
    private long held;
    private int count;

    Vp8lBits(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /** Up to 24 bits as a number. */
    int read(int bits) throws CorruptImageException {
        int value = peek() & ((1 << bits) - 1);
        skip(bits);
        return value;
    }

    boolean readFlag() throws CorruptImageException {
        return read(1) == 1;
    }

    /** At least the next 24 bits, with zeros behind the end. */
    int peek() {
        while (count < 32 && at < end) {
            held |= (bytes[at++] & 0xFFL) << count;
            count += 8;
        }
        return (int) held;
    }

    /** Goes on by bits that were peeked at. */
    void skip(int bits) throws CorruptImageException {
        if (bits > count) {
            throw new CorruptImageException("it ends before its pixels");
        }
        held >>>= bits;
        count -= bits;
    }
}
