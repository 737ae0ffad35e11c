package dev.gnserve.volume;

import dev.gnserve.image.CorruptImageException;
import dev.gnserve.image.UnsupportedImageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import tools.jackson.databind.JsonNode;

/**
 * How values of Zarr are stored: in which order of bytes, compressed or not, with a checksum behind them or not. Immutable.
 *
 * @param checksum whether the CRC-32C of the stored bytes is behind them
 */
record ZarrCodecs(Compression compression, boolean checksum, boolean bigEndian) {

    private static final String OTHERS = "save it with zstd, blosc (lz4, zstd or zlib), gzip, zlib or none";

    /** Compressed values are hardly longer than plain ones. */
    private static final int MOST_OVERHEAD = 1 << 16;

    /** How values are compressed. */
    enum Compression {
        NONE,
        ZLIB,
        GZIP,
        ZSTD,
        BLOSC
    }

    /** Of the compressor of Zarr 2. */
    static ZarrCodecs ofFormat2(JsonNode compressor, boolean bigEndian) throws IOException {
        Compression compression = compressor.isNull() || compressor.isMissingNode()
                ? Compression.NONE
                : compression(compressor.path("id").asString("?"), compressor);
        return new ZarrCodecs(compression, false, bigEndian);
    }

    /** Of the list of codecs of Zarr 3. */
    static ZarrCodecs ofFormat3(JsonNode codecs) throws IOException {
        boolean bigEndian = false;
        boolean checksum = false;
        Compression compression = Compression.NONE;
        for (JsonNode codec : codecs) {
            String name = name(codec);
            JsonNode configuration = codec.path("configuration");
            if (name.equals("bytes")) {
                bigEndian = configuration.path("endian").asString("little").equals("big");
            } else if (checksum || (compression != Compression.NONE && !name.equals("crc32c"))) {
                throw unsupported("has the codec %s after %s; save it with one compressor, and crc32c behind it"
                        .formatted(name, checksum ? "crc32c" : "another compressor"));
            } else if (name.equals("crc32c")) {
                checksum = true;
            } else {
                compression = compression(name, configuration);
            }
        }
        return new ZarrCodecs(compression, checksum, bigEndian);
    }

    /** The name of an extension of Zarr 3: an object with a name and a configuration, or the name only. */
    static String name(JsonNode extension) {
        return extension.isString()
                ? extension.asString()
                : extension.path("name").asString("?");
    }

    static UnsupportedImageException unsupported(String what) {
        return new UnsupportedImageException("its array " + what);
    }

    private static Compression compression(String name, JsonNode configuration) throws IOException {
        return switch (name) {
            case "zlib" -> Compression.ZLIB;
            case "gzip" -> Compression.GZIP;
            case "zstd" -> Compression.ZSTD;
            case "blosc" -> {
                String inner = configuration.path("cname").asString("lz4");
                if (!Blosc.reads(inner)) {
                    throw unsupported("has the codec blosc with " + inner + "; " + OTHERS);
                }
                yield Compression.BLOSC;
            }
            default -> throw unsupported("has the codec " + name + "; " + OTHERS);
        };
    }

    /** The most bytes that are read for so many bytes of values. */
    static long most(int bytes) {
        return Math.min(2L * bytes + MOST_OVERHEAD, Integer.MAX_VALUE - 16);
    }

    /**
     * The values.
     *
     * @param bytes that they must have; not much more memory is taken, whatever is stored
     * @throws IOException if they are damaged, or have another length
     */
    ByteBuffer decode(byte[] stored, int bytes) throws IOException {
        byte[] compressed = checksum ? checked(stored) : stored;
        byte[] values = switch (compression) {
            case NONE -> compressed;
            case ZLIB -> inflated(new InflaterInputStream(new ByteArrayInputStream(compressed)), bytes);
            case GZIP -> inflated(new GZIPInputStream(new ByteArrayInputStream(compressed)), bytes);
            case ZSTD -> {
                byte[] out = new byte[bytes];
                Zstd.decode(compressed, 0, compressed.length, out, 0, bytes);
                yield out;
            }
            case BLOSC -> Blosc.decode(compressed, bytes);
        };
        if (values.length != bytes) {
            throw new CorruptImageException("it has %s %,d bytes of values and needs %,d"
                    .formatted(values.length > bytes ? "more than" : "only", Math.min(values.length, bytes), bytes));
        }
        return ByteBuffer.wrap(values).order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] checked(byte[] stored) throws CorruptImageException {
        int length = stored.length - Integer.BYTES;
        if (length < 0) {
            throw new CorruptImageException("it ends in its checksum");
        }
        CRC32C computed = new CRC32C();
        computed.update(stored, 0, length);
        int given = ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN).getInt(length);
        if (given != (int) computed.getValue()) {
            throw new CorruptImageException("its checksum (crc32c) is %08x, and that of its bytes %08x"
                    .formatted(given, (int) computed.getValue()));
        }
        return Arrays.copyOf(stored, length);
    }

    private static byte[] inflated(InputStream in, int bytes) throws IOException {
        try (in) {
            return in.readNBytes(bytes + 1);
        }
    }
}
