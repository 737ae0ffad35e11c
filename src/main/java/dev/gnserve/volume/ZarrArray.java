package dev.gnserve.volume;

import static dev.gnserve.volume.ZarrCodecs.name;
import static dev.gnserve.volume.ZarrCodecs.unsupported;

import dev.gnserve.image.CorruptImageException;
import dev.gnserve.image.NpyHeader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An array of Zarr in a local folder: format 2 or 3, with or without shards. What is not read is refused by its name. Immutable.
 *
 * @param shape sizes of the axes
 * @param chunks sizes of a chunk
 * @param type of the values, as in a file of NumPy
 * @param fill value of chunks that are not there
 * @param codecs of the chunks
 * @param perFile chunks in a file along each axis: 1 without shards
 * @param shards null if a file has one chunk
 * @param prefix of the name of a file
 * @param separator of the numbers in it
 */
@SuppressWarnings("ArrayRecordComponent") // Read once, compared never.
record ZarrArray(
        Path folder,
        long[] shape,
        int[] chunks,
        NpyHeader type,
        float fill,
        ZarrCodecs codecs,
        int[] perFile,
        @Nullable ZarrShards shards,
        boolean fortranOrder,
        String prefix,
        String separator) {

    /** The largest file with names and sizes that is read. */
    private static final long MOST_METADATA = 1 << 22;

    private static final long MOST_CHUNK = Integer.MAX_VALUE - (1 << 17);

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

    /**
     * The JSON of a file; null if there is none.
     *
     * @throws IOException if it cannot be read, or is no JSON
     */
    static @Nullable JsonNode json(Path path) throws IOException {
        try (ZarrFile file = ZarrFile.open(path, path.getFileName().toString())) {
            return file == null ? null : JsonMapper.shared().readTree(file.all(MOST_METADATA));
        } catch (JacksonException e) {
            throw new CorruptImageException("its " + path.getFileName() + " is no JSON: " + e.getOriginalMessage());
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
        return of(
                folder,
                array,
                array.path("chunks"),
                array.path("chunks"),
                null,
                type.replaceFirst("^[<>|=]", ""),
                ZarrCodecs.ofFormat2(array.path("compressor"), type.startsWith(">")),
                array.path("order").asString("C").equals("F"),
                "",
                array.path("dimension_separator").asString("."));
    }

    private static ZarrArray ofFormat3(Path folder, JsonNode array) throws IOException {
        String grid = name(array.path("chunk_grid"));
        if (!grid.equals("regular")) {
            throw unsupported("has the chunk grid " + grid + "; save it with a regular one");
        }
        if (array.path("storage_transformers").size() > 0) {
            throw unsupported("has storage transformers; save it without them");
        }
        String encoding = name(array.path("chunk_key_encoding"));
        if (!encoding.equals("default") && !encoding.equals("v2")) {
            throw unsupported("has the chunk key encoding " + encoding + "; save it with default");
        }
        boolean usual = encoding.equals("default");
        String separator =
                array.at("/chunk_key_encoding/configuration/separator").asString(usual ? "/" : ".");
        String type = name(array.path("data_type"));
        JsonNode stored = array.at("/chunk_grid/configuration/chunk_shape");
        JsonNode codecs = array.path("codecs");
        JsonNode shards = null;
        if (codecs.size() == 1 && name(codecs.path(0)).equals("sharding_indexed")) {
            shards = codecs.path(0).path("configuration");
            codecs = shards.path("codecs");
        }
        return of(
                folder,
                array,
                stored,
                shards == null ? stored : shards.path("chunk_shape"),
                shards,
                TYPES.getOrDefault(type, type),
                ZarrCodecs.ofFormat3(codecs),
                false,
                usual ? "c" + separator : "",
                separator);
    }

    /**
     * Checks what both formats say.
     *
     * @param stored sizes of what a file has
     * @param chunkSizes of a chunk
     * @param sharding configuration of the codec; null if a file has one chunk
     */
    private static ZarrArray of(
            Path folder,
            JsonNode array,
            JsonNode stored,
            JsonNode chunkSizes,
            @Nullable JsonNode sharding,
            String type,
            ZarrCodecs codecs,
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
        if (axes == 0 || axes != chunkSizes.size() || axes != stored.size()) {
            throw new CorruptImageException("its array has the shape %s, and chunks of %s in files of %s"
                    .formatted(array.path("shape"), chunkSizes, stored));
        }
        long[] shape = new long[axes];
        int[] chunks = new int[axes];
        int[] perFile = new int[axes];
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
            long file = stored.path(axis).asLong(0);
            if (file < size || file % size != 0 || file / size > Integer.MAX_VALUE) {
                throw new CorruptImageException("its array has shards of %s, which are no multiple of its chunks of %s"
                        .formatted(stored, chunkSizes));
            }
            perFile[axis] = (int) (file / size);
        }
        return new ZarrArray(
                folder,
                shape,
                chunks,
                new NpyHeader(codecs.bigEndian(), type.charAt(0), bytes, fortranOrder, shape, 0),
                fill(array.path("fill_value")),
                codecs,
                perFile,
                sharding == null ? null : ZarrShards.of(sharding, perFile),
                fortranOrder,
                prefix,
                separator);
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
     * Opens the chunks of a file.
     *
     * @param place of the file along each axis
     * @throws IOException if it cannot be read
     */
    ZarrChunks open(int[] place) throws IOException {
        return new ZarrChunks(
                this, prefix + Arrays.stream(place).mapToObj(Integer::toString).collect(Collectors.joining(separator)));
    }

    /** The number of a chunk in its file, by its place in the array along each axis. */
    int number(int[] place) {
        int number = 0;
        for (int axis = 0; axis < place.length; axis++) {
            number = number * perFile[axis] + place[axis] % perFile[axis];
        }
        return number;
    }

    /** Heap for a chunk: what is stored, and its values twice; and for the index of a shard. */
    long readingBytes() {
        int index = shards == null ? 0 : shards.storedBytes();
        return ZarrCodecs.most(chunkBytes()) + 2L * chunkBytes() + 2L * index;
    }
}
