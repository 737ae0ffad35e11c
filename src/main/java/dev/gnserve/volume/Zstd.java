package dev.gnserve.volume;

import dev.gnserve.image.CorruptImageException;
import io.airlift.compress.zstd.ZstdDecompressor;

/** Decodes Zstandard (RFC 8878) with aircompressor. */
final class Zstd {

    private Zstd() {}

    /**
     * Decodes frames that follow each other.
     *
     * @param into receives the bytes from {@code begin} to {@code end}; no other memory grows with them
     * @throws CorruptImageException if they are damaged, or have another length
     */
    static void decode(byte[] frames, int from, int length, byte[] into, int begin, int end)
            throws CorruptImageException {
        int given;
        try {
            given = new ZstdDecompressor().decompress(frames, from, length, into, begin, end - begin);
        } catch (RuntimeException e) { // Damaged tables lead to indices outside of arrays, too.
            throw new CorruptImageException(
                    "a frame of zstd is damaged, needs a window of more than 8 MB, or has more than %,d bytes (%s)"
                            .formatted(end - begin, e.getMessage()));
        }
        if (given != end - begin) {
            throw new CorruptImageException(
                    "a frame of zstd has only %,d bytes and needs %,d".formatted(given, end - begin));
        }
    }
}
