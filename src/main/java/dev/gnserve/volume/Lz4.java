package dev.gnserve.volume;

import dev.gnserve.image.CorruptImageException;

/** Decodes blocks of LZ4 (lz4_Block_format.md of the project lz4). */
final class Lz4 {

    private Lz4() {}

    /**
     * Decodes a block.
     *
     * @param from place of its first byte
     * @param to place behind its last one
     * @param into receives the values from {@code begin} to {@code end}
     * @throws CorruptImageException if it is damaged, or has another length
     */
    static void decode(byte[] block, int from, int to, byte[] into, int begin, int end) throws CorruptImageException {
        int in = from;
        int out = begin;
        while (in < to) {
            int token = block[in++] & 0xFF;
            int literals = token >> 4;
            if (literals == 15) {
                int more;
                do {
                    more = in < to ? block[in++] & 0xFF : -1;
                    literals += Math.max(0, more);
                } while (more == 255 && literals <= end - out); // A longer run would wrap.
            }
            if (literals > to - in || literals > end - out) {
                throw damaged();
            }
            System.arraycopy(block, in, into, out, literals);
            in += literals;
            out += literals;
            if (in == to) {
                break; // The last sequence has literals only.
            }
            if (to - in < 2) {
                throw damaged();
            }
            int distance = (block[in] & 0xFF) | (block[in + 1] & 0xFF) << 8;
            in += 2;
            int length = (token & 15) + 4;
            if (length == 19) {
                int more;
                do {
                    more = in < to ? block[in++] & 0xFF : -1;
                    length += Math.max(0, more);
                } while (more == 255 && length <= end - out);
            }
            if (distance == 0 || distance > out - begin || length > end - out) {
                throw damaged();
            }
            for (int i = 0; i < length; i++, out++) {
                into[out] = into[out - distance]; // Byte by byte: both may overlap.
            }
        }
        if (out != end) {
            throw damaged();
        }
    }

    private static CorruptImageException damaged() {
        return new CorruptImageException("a block of LZ4 in a chunk is damaged");
    }
}
