package dev.gnserve.volume;

import dev.gnserve.image.CorruptImageException;
import dev.gnserve.image.UnsupportedImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Decodes buffers of Blosc 1 with LZ4, or without compression (README_CHUNK_FORMAT.rst of the project c-blosc). */
final class Blosc {

    private static final int HEADER = 16;
    private static final int BYTE_SHUFFLE = 1;
    private static final int COPIED = 2;
    private static final int BIT_SHUFFLE = 4;
    private static final int NOT_SPLIT = 16;
    private static final int LZ4 = 1;
    private static final String[] CODECS = {"blosclz", "lz4", "snappy", "zlib", "zstd"};

    private static final int MOST_SPLITS = 16;
    private static final int LEAST_SPLIT = 128;

    private Blosc() {}

    /**
     * Decodes a buffer.
     *
     * @param bytes that it has to give
     * @throws IOException if it is damaged, gives another number of bytes, or has a codec or filter that is not read
     */
    static byte[] decode(byte[] buffer, int bytes) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.length < HEADER || in.getInt(4) != bytes) {
            throw new CorruptImageException("a chunk of Blosc has %s bytes and needs %,d"
                    .formatted(buffer.length < HEADER ? "too few" : "%,d".formatted(in.getInt(4)), bytes));
        }
        int flags = in.get(2) & 0xFF;
        int typeSize = Math.max(1, in.get(3) & 0xFF);
        byte[] out = new byte[bytes];
        if ((flags & COPIED) != 0) {
            if (buffer.length - HEADER < bytes) {
                throw damaged();
            }
            System.arraycopy(buffer, HEADER, out, 0, bytes);
            return out;
        }
        int codec = flags >> 5;
        if (codec != LZ4) {
            throw new UnsupportedImageException("its chunks have the codec blosc with %s; save it with blosc and lz4"
                    .formatted(codec < CODECS.length ? CODECS[codec] : "the codec number " + codec));
        }
        if ((flags & BIT_SHUFFLE) != 0) {
            throw new UnsupportedImageException(
                    "its chunks have the codec blosc with bitshuffle; save it with shuffle, or with noshuffle");
        }
        int blockSize = in.getInt(8);
        if (blockSize < 1 || (bytes + (long) blockSize - 1) / blockSize * Integer.BYTES > buffer.length - HEADER) {
            throw damaged();
        }
        byte[] block = new byte[Math.min(blockSize, bytes)];
        for (int number = 0; (long) number * blockSize < bytes; number++) {
            int begin = number * blockSize;
            int size = Math.min(blockSize, bytes - begin);
            boolean whole = size == blockSize;
            boolean split =
                    (flags & NOT_SPLIT) == 0 && whole && typeSize <= MOST_SPLITS && blockSize / typeSize >= LEAST_SPLIT;
            streams(buffer, in, in.getInt(HEADER + Integer.BYTES * number), split ? typeSize : 1, block, size);
            if ((flags & BYTE_SHUFFLE) != 0 && typeSize > 1) {
                unshuffle(block, size, typeSize, out, begin);
            } else {
                System.arraycopy(block, 0, out, begin, size);
            }
        }
        return out;
    }

    /** The parts of a block, each behind its length. */
    private static void streams(byte[] buffer, ByteBuffer in, int from, int count, byte[] block, int size)
            throws IOException {
        int at = from;
        int part = size / count;
        for (int i = 0; i < count; i++) {
            if (at < HEADER || at > buffer.length - Integer.BYTES) {
                throw damaged();
            }
            int length = in.getInt(at);
            at += Integer.BYTES;
            if (length < 0 || length > buffer.length - at) {
                throw damaged();
            }
            if (length == part) {
                System.arraycopy(buffer, at, block, i * part, part);
            } else {
                Lz4.decode(buffer, at, at + length, block, i * part, (i + 1) * part);
            }
            at += length;
        }
    }

    /** The first bytes of all values come first, then the second ones, and so on; what is left of a value stays at the end. */
    private static void unshuffle(byte[] block, int size, int typeSize, byte[] out, int begin) {
        int values = size / typeSize;
        for (int value = 0; value < values; value++) {
            for (int i = 0; i < typeSize; i++) {
                out[begin + value * typeSize + i] = block[i * values + value];
            }
        }
        int done = values * typeSize;
        System.arraycopy(block, done, out, begin + done, size - done);
    }

    private static CorruptImageException damaged() {
        return new CorruptImageException("a chunk of Blosc is damaged");
    }
}
