package dev.gnserve.volume;

import dev.gnserve.image.CorruptImageException;
import dev.gnserve.image.NpyHeader;
import dev.gnserve.image.UnsupportedImageException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An array of Zarr in a local folder: format 2 or 3, chunks without compression or with zlib, gzip or Blosc with LZ4. All else is refused by
 * its name. Immutable.
 *
 * @param shape sizes of the axes
 * @param chunks sizes of a chunk
 * @param type of the values, as in a file of NumPy
 * @param fill value of chunks that are not there
 * @param codec of the chunks
 * @param prefix of the name of a chunk
 * @param separator of the numbers in it
 */
@SuppressWarnings("ArrayRecordComponent") // Read once, compared never.
record ZarrArray(
        Path folder,
        long[] shape,
        int[] chunks,
        NpyHeader type,
        float fill,
        Codec codec,
        boolean fortranOrder,
        String prefix,
        String separator) {

    /** The largest file with names and sizes that is read. */
    private static final long MOST_METADATA = 1 << 22;

    private static final long MOST_CHUNK = Integer.MAX_VALUE - (1 << 17);

    /** A compressed chunk is hardly larger than its values. */
    private static final int MOST_OVERHEAD = 1 << 16;

    private static final Map<String, String> TYPES = Map.ofEntries(
            Map.entry("bool", "b1"),
            Map.entry("uint8", "u1"),
            Map.entry("uint16", "u2"),
            Map.entry("uint32", "u4"),
            Map.entry("int8", "i1"),
            Map.entry("int16", "i2"),
            Map.entry("int32", "i4"),
            Map.entry("float16", "f2"),
            Map.entry("float32", "f4"),
            Map.entry("float64", "f8"));

    /** How chunks are compressed. */
    enum Codec {
        NONE,
        ZLIB,
        GZIP,
        BLOSC
    }

    /**
     * The JSON of a file; null if there is none.
     *
     * @throws IOException if it cannot be read, or is no JSON
     */
    static @Nullable JsonNode json(Path file) throws IOException {
        byte[] stored = stored(file, file.getFileName().toString(), MOST_METADATA);
        try {
            return stored == null ? null : JsonMapper.shared().readTree(stored);
        } catch (JacksonException e) {
            throw new CorruptImageException("its " + file.getFileName() + " is no JSON: " + e.getOriginalMessage());
        }
    }

    /**
     * The bytes of a file; null if it is not there. A file that cannot be reached does not pass as one that is not there.
     *
     * @param what it is, in words
     * @throws IOException if it cannot be read, or is longer than {@code most}
     */
    private static byte @Nullable [] stored(Path file, String what, long most) throws IOException {
        try {
            BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
            if (!found.isRegularFile()) {
                throw new CorruptImageException("its %s is no file".formatted(what));
            }
            if (found.size() > most) {
                throw new UnsupportedImageException(
                        "its %s has %,d bytes; at most %,d are read".formatted(what, found.size(), most));
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            for (Path path = file; path != null && !Files.exists(path); path = path.getParent()) {
                if (Files.isSymbolicLink(path)) {
                    throw new CorruptImageException(
                            "its %s cannot be read: the link %s leads nowhere".formatted(what, path.getFileName()));
                }
            }
            return null;
        } catch (CorruptImageException | UnsupportedImageException e) {
            throw e;
        } catch (IOException e) {
            String reason = e instanceof FileSystemException system ? system.getReason() : e.getMessage();
            throw new CorruptImageException("its %s cannot be read: %s"
                    .formatted(what, reason == null ? e.getClass().getSimpleName() : reason));
        }
    }

    /**
     * Reads what a folder says of its array.
     *
     * @throws IOException naming what is damaged or not read
     */
    static ZarrArray read(Path folder) throws IOException {
        JsonNode second = json(folder.resolve(".zarray"));
        if (second != null) {
            return ofFormat2(folder, second);
        }
        JsonNode third = json(folder.resolve("zarr.json"));
        if (third == null || !third.path("node_type").asString("").equals("array")) {
            throw new CorruptImageException("its folder %s has no array (.zarray or zarr.json)".formatted(folder));
        }
        return ofFormat3(folder, third);
    }

    private static ZarrArray ofFormat2(Path folder, JsonNode array) throws IOException {
        JsonNode filters = array.path("filters");
        if (!filters.isNull() && !filters.isMissingNode() && !filters.isEmpty()) {
            throw unsupported(
                    "has the filter " + filters.path(0).path("id").asString("?") + "; save it without filters");
        }
        String type = array.path("dtype").isString() ? array.path("dtype").asString() : "of several fields";
        JsonNode compressor = array.path("compressor");
        Codec codec = compressor.isNull() || compressor.isMissingNode()
                ? Codec.NONE
                : codec(
                        compressor.path("id").asString("?"),
                        compressor.path("cname").asString("lz4"));
        String separator = array.path("dimension_separator").asString(".");
        boolean fortran = array.path("order").asString("C").equals("F");
        return of(
                folder,
                array,
                array.path("chunks"),
                type.startsWith(">"),
                type.replaceFirst("^[<>|=]", ""),
                codec,
                fortran,
                "",
                separator);
    }

    private static ZarrArray ofFormat3(Path folder, JsonNode array) throws IOException {
        String grid = name(array.path("chunk_grid"));
        if (!grid.equals("regular")) {
            throw unsupported("has the chunk grid " + grid + "; save it with a regular one");
        }
        if (array.path("storage_transformers").size() > 0) {
            throw unsupported("has storage transformers; save it without them");
        }
        boolean bigEndian = false;
        Codec codec = Codec.NONE;
        for (JsonNode step : array.path("codecs")) {
            String name = name(step);
            if (name.equals("bytes")) {
                bigEndian = step.at("/configuration/endian").asString("little").equals("big");
            } else if (codec != Codec.NONE) {
                throw unsupported("has two codecs after each other, " + codec + " and " + name + "; save it with one");
            } else {
                codec = codec(name, step.at("/configuration/cname").asString("lz4"));
            }
        }
        String encoding = name(array.path("chunk_key_encoding"));
        if (!encoding.equals("default") && !encoding.equals("v2")) {
            throw unsupported("has the chunk key encoding " + encoding + "; save it with default");
        }
        boolean usual = encoding.equals("default");
        String separator =
                array.at("/chunk_key_encoding/configuration/separator").asString(usual ? "/" : ".");
        String type = name(array.path("data_type"));
        return of(
                folder,
                array,
                array.at("/chunk_grid/configuration/chunk_shape"),
                bigEndian,
                TYPES.getOrDefault(type, type),
                codec,
                false,
                usual ? "c" + separator : "",
                separator);
    }

    /** The name of an extension of Zarr 3: an object with a name and a configuration, or the name only. */
    private static String name(JsonNode extension) {
        return extension.isString()
                ? extension.asString()
                : extension.path("name").asString("?");
    }

    private static Codec codec(String name, String inner) throws IOException {
        return switch (name) {
            case "zlib" -> Codec.ZLIB;
            case "gzip" -> Codec.GZIP;
            case "blosc" -> {
                if (!inner.equals("lz4") && !inner.equals("lz4hc")) {
                    throw unsupported(
                            "has the codec blosc with " + inner + "; save it with blosc and lz4, gzip, zlib or none");
                }
                yield Codec.BLOSC;
            }
            default -> throw unsupported("has the codec " + name + "; save it with blosc and lz4, gzip, zlib or none");
        };
    }

    private static ZarrArray of(
            Path folder,
            JsonNode array,
            JsonNode chunkSizes,
            boolean bigEndian,
            String type,
            Codec codec,
            boolean fortranOrder,
            String prefix,
            String separator)
            throws IOException {
        if (!TYPES.containsValue(type)) {
            throw unsupported("has values of the type " + type
                    + "; save it as uint8, uint16, float32 or another integer or float type");
        }
        if (!separator.equals(".") && !separator.equals("/")) {
            throw unsupported(
                    "has the separator '%s' in the names of its chunks; allowed are '.' and '/'".formatted(separator));
        }
        int axes = array.path("shape").size();
        if (axes == 0 || axes != chunkSizes.size()) {
            throw new CorruptImageException(
                    "its array has the shape %s and chunks of %s".formatted(array.path("shape"), chunkSizes));
        }
        long[] shape = new long[axes];
        int[] chunks = new int[axes];
        int bytes = type.charAt(1) - '0';
        long chunk = bytes;
        for (int axis = 0; axis < axes; axis++) {
            shape[axis] = array.path("shape").path(axis).asLong(0);
            long size = chunkSizes.path(axis).asLong(0);
            chunk *= size;
            if (shape[axis] < 1 || size < 1 || size > Integer.MAX_VALUE || chunk > MOST_CHUNK) {
                throw unsupported(
                        "has the shape %s and chunks of %s; an axis is empty, or a chunk has more than %,d bytes"
                                .formatted(array.path("shape"), chunkSizes, MOST_CHUNK));
            }
            chunks[axis] = (int) size;
        }
        NpyHeader header = new NpyHeader(bigEndian, type.charAt(0), bytes, fortranOrder, shape, 0);
        return new ZarrArray(
                folder, shape, chunks, header, fill(array.path("fill_value")), codec, fortranOrder, prefix, separator);
    }

    private static float fill(JsonNode given) throws IOException {
        if (given.isNull() || given.isMissingNode()) {
            return 0;
        }
        if (given.isBoolean()) {
            return given.asBoolean() ? 1 : 0;
        }
        if (given.isNumber()) {
            return (float) given.asDouble();
        }
        return switch (given.asString("")) {
            case "NaN" -> Float.NaN;
            case "Infinity" -> Float.POSITIVE_INFINITY;
            case "-Infinity" -> Float.NEGATIVE_INFINITY;
            default -> throw unsupported("has the fill value " + given + "; save it with a number");
        };
    }

    private static UnsupportedImageException unsupported(String what) {
        return new UnsupportedImageException("its array " + what);
    }

    int chunkBytes() {
        return Arrays.stream(chunks).reduce(type.bytes(), Math::multiplyExact);
    }

    /** Values from one to the next along each axis of a chunk. */
    int[] steps() {
        int[] steps = new int[chunks.length];
        int step = 1;
        for (int i = 0; i < chunks.length; i++) {
            int axis = fortranOrder ? i : chunks.length - 1 - i;
            steps[axis] = step;
            step *= chunks[axis];
        }
        return steps;
    }

    /**
     * The values of a chunk; null if it is not there, so that all of them are {@link #fill}.
     *
     * @param place of the chunk along each axis
     * @throws IOException if it cannot be read
     */
    @Nullable
    ByteBuffer chunk(int[] place) throws IOException {
        String name = prefix + Arrays.stream(place).mapToObj(Integer::toString).collect(Collectors.joining(separator));
        int bytes = chunkBytes();
        byte[] stored = stored(folder.resolve(name), "chunk " + name, 2L * bytes + MOST_OVERHEAD);
        if (stored == null) {
            return null;
        }
        byte[] values;
        try {
            values = switch (codec) {
                case NONE -> stored;
                case ZLIB -> inflated(new InflaterInputStream(new ByteArrayInputStream(stored)), bytes);
                case GZIP -> inflated(new GZIPInputStream(new ByteArrayInputStream(stored)), bytes);
                case BLOSC -> Blosc.decode(stored, bytes);
            };
        } catch (UnsupportedImageException e) {
            throw e;
        } catch (IOException e) {
            throw new CorruptImageException("its chunk %s is damaged: %s"
                    .formatted(name, e instanceof EOFException ? "it ends too early" : e.getMessage()));
        }
        if (values.length != bytes) {
            throw new CorruptImageException("its chunk %s has %s %,d bytes of values and needs %,d"
                    .formatted(
                            name, values.length > bytes ? "more than" : "only", Math.min(values.length, bytes), bytes));
        }
        return ByteBuffer.wrap(values).order(type.bigEndian() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] inflated(InputStream in, int bytes) throws IOException {
        try (in) {
            return in.readNBytes(bytes + 1);
        }
    }

    /** Heap for a chunk: what is stored, and its values twice. */
    long readingBytes() {
        return 4L * chunkBytes() + MOST_OVERHEAD;
    }
}
