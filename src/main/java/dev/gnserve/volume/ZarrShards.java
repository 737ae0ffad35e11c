package dev.gnserve.volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Shards of Zarr 3 (zarr-specs, codec sharding_indexed 1.0): a file has several chunks, and an index with the place and length of each.
 * Immutable.
 *
 * @param count chunks in a shard
 * @param codecs of the index
 * @param first whether the index is before the chunks, and not behind them
 */
record ZarrShards(int count, ZarrCodecs codecs, boolean first) {

    private static final int ENTRY = 2 * Long.BYTES;
    private static final int MOST = 1 << 22;

    /**
     * Reads what an array says of its shards.
     *
     * @param configuration of the codec
     * @param perShard chunks in a shard along each axis
     */
    static ZarrShards of(JsonNode configuration, int[] perShard) throws IOException {
        long count = 1;
        for (int along : perShard) {
            count *= along;
            if (count > MOST) {
                throw ZarrCodecs.unsupported(
                        "has shards with more than %,d chunks; save it with larger chunks".formatted(MOST));
            }
        }
        String location = configuration.path("index_location").asString("end");
        ZarrCodecs codecs = ZarrCodecs.ofFormat3(configuration.path("index_codecs"));
        if (codecs.compression() != ZarrCodecs.Compression.NONE
                || !(location.equals("start") || location.equals("end"))) {
            throw ZarrCodecs.unsupported(
                    "has shards with the index codecs %s and the index_location %s; save it with bytes and crc32c, at the start or the end"
                            .formatted(configuration.path("index_codecs"), location));
        }
        return new ZarrShards((int) count, codecs, location.equals("start"));
    }

    /** Bytes of the index in a file. */
    int storedBytes() {
        return count * ENTRY + (codecs.checksum() ? Integer.BYTES : 0);
    }

    /** The index of a shard. */
    ByteBuffer index(ZarrFile file) throws IOException {
        if (file.size() < storedBytes()) {
            throw file.damaged(
                    "its index needs %,d bytes, and it has %,d in all".formatted(storedBytes(), file.size()));
        }
        byte[] stored = file.read(first ? 0 : file.size() - storedBytes(), storedBytes());
        try {
            return codecs.decode(stored, count * ENTRY);
        } catch (IOException e) {
            throw file.damaged("of its index, " + e.getMessage());
        }
    }

    /**
     * What is stored of a chunk; null if it is not there.
     *
     * @param number of the chunk in the shard
     * @param most bytes that are read
     * @throws IOException if the index names bytes outside of the file, or too many
     */
    static byte @Nullable [] chunk(ZarrFile file, ByteBuffer index, int number, long most) throws IOException {
        long from = index.getLong(ENTRY * number);
        long length = index.getLong(ENTRY * number + Long.BYTES);
        if (from == -1 && length == -1) {
            return null;
        }
        if (from < 0 || length < 0 || from > file.size() - length || length > most) {
            throw file.damaged("its index gives chunk %d %s bytes from %s on; it has %,d in all, and up to %,d are read"
                    .formatted(number, Long.toUnsignedString(length), Long.toUnsignedString(from), file.size(), most));
        }
        return file.read(from, (int) length);
    }
}
