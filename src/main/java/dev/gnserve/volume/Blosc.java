package dev.gnserve.volume;

import dev.gnserve.image.CorruptImageException;
import dev.gnserve.image.UnsupportedImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decodes buffers of Blosc 1 with LZ4, zlib or Zstandard, or without compression (README_CHUNK_FORMAT.rst and shuffle.c of the project
 * c-blosc).
 */
final class Blosc {

    private static final int HEADER = 16;
    private static final int BYTE_SHUFFLE = 1;
    private static final int COPIED = 2;
    private static final int BIT_SHUFFLE = 4;
    private static final int NOT_SPLIT = 16;
    private static final int LZ4 = 1;
    private static final int ZLIB = 3;
    private static final int ZSTD = 4;
    private static final String[] CODECS = {"blosclz", "lz4", "snappy", "zlib", "zstd"};

    private static final int MOST_SPLITS = 16;
    private static final int LEAST_SPLIT = 128;

    private Blosc() {}

    /** Whether buffers of a codec are read, by its name as in the metadata of Zarr. */
    static boolean reads(String codec) {
        return List.of("lz4", "lz4hc", "zlib", "zstd").contains(codec);
    }

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
        if (codec != LZ4 && codec != ZLIB && codec != ZSTD) {
            throw new UnsupportedImageException(
                    "its chunks have the codec blosc with %s; save it with blosc and lz4, zlib or zstd"
                            .formatted(codec < CODECS.length ? CODECS[codec] : "the codec number " + codec));
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
            streams(buffer, codec, in.getInt(HEADER + Integer.BYTES * number), split ? typeSize : 1, block, size);
            int values = size / typeSize;
            if ((flags & BYTE_SHUFFLE) != 0 && typeSize > 1) {
                unshuffle(block, size, typeSize, out, begin);
            } else if ((flags & BIT_SHUFFLE) != 0 && values > 0 && values % Byte.SIZE == 0) {
                unshuffleBits(block, size, typeSize, out, begin);
            } else {
                System.arraycopy(block, 0, out, begin, size);
            }
        }
        return out;
    }

    /** The parts of a block, each behind its length. */
    private static void streams(byte[] buffer, int codec, int from, int count, byte[] block, int size)
            throws IOException {
        ByteBuffer in = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
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
                switch (codec) {
                    case LZ4 -> Lz4.decode(buffer, at, at + length, block, i * part, (i + 1) * part);
                    case ZSTD -> Zstd.decode(buffer, at, length, block, i * part, (i + 1) * part);
                    default -> inflate(buffer, at, length, block, i * part, part);
                }
            }
            at += length;
        }
    }

    private static void inflate(byte[] buffer, int from, int length, byte[] block, int begin, int size)
            throws CorruptImageException {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(buffer, from, length);
            int given = 0;
            int step;
            do {
                step = inflater.inflate(block, begin + given, size - given);
                given += step;
            } while (step > 0 && given < size);
            if (given < size) {
                throw damaged();
            }
        } catch (DataFormatException e) {
            throw damaged();
        } finally {
            inflater.end();
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

    /**
     * The lowest bits of the first bytes of all values come first, eight of them in a byte, then the next bits, and so on; then the second
     * bytes. The number of values is a multiple of 8; what is left of a value stays at the end.
     */
    private static void unshuffleBits(byte[] block, int size, int typeSize, byte[] out, int begin) {
        int values = size / typeSize;
        int row = values / Byte.SIZE;
        for (int value = 0; value < values; value++) {
            for (int i = 0; i < typeSize; i++) {
                int bits = 0;
                for (int bit = 0; bit < Byte.SIZE; bit++) {
                    bits |= (block[(i * Byte.SIZE + bit) * row + value / Byte.SIZE] >> value % Byte.SIZE & 1) << bit;
                }
                out[begin + value * typeSize + i] = (byte) bits;
            }
        }
        int done = values * typeSize;
        System.arraycopy(block, done, out, begin + done, size - done);
    }

    private static CorruptImageException damaged() {
        return new CorruptImageException("a chunk of Blosc is damaged");
    }
}
