package dev.gnserve.volume;

import dev.gnserve.image.Cancellation;
import dev.gnserve.image.UnsupportedImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * An image of OME-Zarr in a local folder, 0.4 (Zarr 2) or 0.5 (Zarr 3), at its full resolution; or an array of Zarr, with the axes of an array of
 * NumPy.
 */
final class ZarrVolume implements VolumeFile.Source {

    private static final String AXES = "czyx";

    private final ZarrArray array;

    /** The axes of the array with channels, z, y and x; -1 for one that it does not have. */
    private final int[] axes;

    private final VolumeShape shape;
    private final Geometry geometry;

    private ZarrVolume(ZarrArray array, int[] axes, Geometry geometry) throws IOException {
        this.array = array;
        this.axes = axes;
        this.geometry = geometry;
        for (int axis = 0; axis < array.shape().length; axis++) {
            boolean used = false;
            for (int one : axes) {
                used |= one == axis;
            }
            if (!used && array.shape()[axis] != 1) {
                throw new UnsupportedImageException(
                        "its array has the shape %s, and axis %d is none of channels, z, y and x: save one point of time"
                                .formatted(Arrays.toString(array.shape()), axis));
            }
            if (array.shape()[axis] > Integer.MAX_VALUE) {
                throw new UnsupportedImageException(
                        "its array has the shape " + Arrays.toString(array.shape()) + "; crop it");
            }
        }
        this.shape = new VolumeShape(size(0), size(1), size(2), size(3));
    }

    private int size(int axis) {
        return axes[axis] < 0 ? 1 : (int) array.shape()[axes[axis]];
    }

    /** Whether a folder is an image of OME-Zarr, or an array of Zarr. */
    static boolean isOf(Path folder) throws IOException {
        if (ZarrArray.json(folder.resolve(".zarray")) != null) {
            return true;
        }
        JsonNode third = ZarrArray.json(folder.resolve("zarr.json"));
        return (third != null && third.path("node_type").asString("").equals("array")) || multiscales(folder) != null;
    }

    private static @Nullable JsonNode multiscales(Path folder) throws IOException {
        for (String file : new String[] {".zattrs", "zarr.json"}) {
            JsonNode json = ZarrArray.json(folder.resolve(file));
            JsonNode found = json == null
                    ? null
                    : json.at(file.equals(".zattrs") ? "/multiscales" : "/attributes/ome/multiscales");
            if (found != null && found.isArray()) {
                return found;
            }
        }
        return null;
    }

    /**
     * Opens a folder.
     *
     * @param channels that the model takes
     * @throws IOException naming what is damaged or not read
     */
    static ZarrVolume of(Path folder, int channels) throws IOException {
        JsonNode multiscales = multiscales(folder);
        if (multiscales == null) {
            ZarrArray array = ZarrArray.read(folder);
            return new ZarrVolume(array, unnamed(array, channels), Geometry.UNKNOWN);
        }
        if (multiscales.size() != 1) {
            throw new UnsupportedImageException(
                    "it has %d images (multiscales); save one".formatted(multiscales.size()));
        }
        JsonNode image = multiscales.path(0);
        JsonNode full = image.path("datasets").path(0);
        ZarrArray array = ZarrArray.read(inside(folder, full.path("path").asString("")));
        JsonNode names = image.path("axes");
        if (names.size() != array.shape().length) {
            throw new UnsupportedImageException(
                    "it names the axes %s, and its array has the shape %s; save it as OME-Zarr 0.4 or 0.5"
                            .formatted(names, Arrays.toString(array.shape())));
        }
        int[] axes = {-1, -1, -1, -1};
        Set<String> seen = new HashSet<>();
        for (int axis = 0; axis < names.size(); axis++) {
            String name = names.path(axis).path("name").asString("");
            int known = name.length() == 1 ? AXES.indexOf(name) : -1;
            if (!seen.add(name)) {
                throw new UnsupportedImageException(
                        "it has two axes with the name '%s'; give each axis a name of its own".formatted(name));
            }
            if (known >= 0) {
                axes[known] = axis;
            } else if (!name.equals("t")) {
                throw new UnsupportedImageException(
                        "it has an axis with the name '%s'; allowed are t, c, z, y and x".formatted(name));
            }
        }
        if (axes[2] < 0 || axes[3] < 0) {
            throw new UnsupportedImageException("it has no axis y or x");
        }
        return new ZarrVolume(array, axes, geometry(image, full, names, axes));
    }

    /** The folder of the array, which the file names. */
    private static Path inside(Path folder, String name) throws IOException {
        try {
            Path path = folder.resolve(name).normalize();
            if (!name.isEmpty() && path.startsWith(folder.normalize())) {
                return path;
            }
        } catch (InvalidPathException e) {
            // Refused below.
        }
        throw new UnsupportedImageException(
                "its dataset has the path '%s', which is not in its folder".formatted(name));
    }

    /** As an array of NumPy: [z, y, x], or with the channels first or last, also behind axes of 1. */
    private static int[] unnamed(ZarrArray array, int channels) throws IOException {
        long[] sizes = array.shape();
        int before = sizes.length == 5 && sizes[0] == 1 ? 1 : 0;
        int rank = sizes.length - before;
        boolean first = rank == 4 && sizes[before] == channels;
        boolean last = rank == 4 && sizes[before + 3] == channels;
        if (rank != 3 && first == last && !(first && channels == 1)) {
            throw new UnsupportedImageException(
                    ("its array has the shape %s without names of its axes, and the model takes %d channels: save it as OME-Zarr, or with"
                                    + " the axes [z, y, x]")
                            .formatted(Arrays.toString(sizes), channels));
        }
        int z = first ? before + 1 : before;
        return new int[] {rank == 3 ? -1 : first ? before : before + 3, z, z + 1, z + 2};
    }

    private static Geometry geometry(JsonNode image, JsonNode full, JsonNode names, int[] axes) {
        List<Double> spacing = new ArrayList<>();
        String unit = null;
        Set<String> units = new HashSet<>();
        for (int i = 1; i < 4; i++) {
            double distance = 1;
            boolean given = axes[i] < 0;
            for (JsonNode owner : new JsonNode[] {full, image}) {
                for (JsonNode change : owner.path("coordinateTransformations")) {
                    JsonNode scale = change.path("scale").path(axes[i]);
                    if (scale.isNumber()) {
                        distance *= scale.asDouble();
                        given = true;
                    }
                }
            }
            if (!given || !(distance > 0) || !Double.isFinite(distance)) {
                return Geometry.UNKNOWN;
            }
            spacing.add(distance);
            if (axes[i] >= 0) {
                String own = names.path(axes[i]).path("unit").asString("");
                unit = Geometry.unit(own);
                units.add(unit == null ? own : unit);
            }
        }
        // Distances in different units are no spacing.
        return units.size() > 1 ? Geometry.UNKNOWN : new Geometry(spacing, unit, null);
    }

    @Override
    public VolumeShape shape() {
        return shape;
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public long readingBytes() {
        return array.readingBytes();
    }

    @Override
    public void read(float[] into, Cancellation cancellation) throws IOException {
        int[] chunks = along(array.chunks());
        int[] perFile = along(array.perFile());
        int[] counts = new int[4];
        int[] files = new int[4];
        for (int i = 0; i < 4; i++) {
            counts[i] = 1 + (size(i) - 1) / chunks[i];
            files[i] = 1 + (counts[i] - 1) / perFile[i];
        }
        each(new int[4], files, file -> {
            int[] first = new int[4];
            int[] behind = new int[4];
            for (int i = 0; i < 4; i++) {
                first[i] = file[i] * perFile[i];
                behind[i] = (int) Math.min(counts[i], (long) first[i] + perFile[i]);
            }
            try (ZarrChunks open = array.open(place(file))) {
                each(first, behind, at -> {
                    cancellation.throwIfCancelled();
                    copy(open.chunk(array.number(place(at))), at, chunks, into);
                });
            }
        });
    }

    /** Of the axes channels, z, y and x; 1 for one that the array does not have. */
    private int[] along(int[] ofArray) {
        return Arrays.stream(axes).map(axis -> axis < 0 ? 1 : ofArray[axis]).toArray();
    }

    /** Of the axes of the array; 0 for others. */
    private int[] place(int[] along) {
        int[] place = new int[array.shape().length];
        for (int i = 0; i < 4; i++) {
            if (axes[i] >= 0) {
                place[axes[i]] = along[i];
            }
        }
        return place;
    }

    @FunctionalInterface
    private interface Visitor {

        void visit(int[] at) throws IOException;
    }

    /** Visits the places of a grid of four axes, the last one fastest. */
    private static void each(int[] from, int[] to, Visitor visitor) throws IOException {
        int[] at = from.clone();
        for (int axis = 3; axis >= 0; ) {
            visitor.visit(at);
            for (axis = 3; axis >= 0 && ++at[axis] == to[axis]; axis--) {
                at[axis] = from[axis];
            }
        }
    }

    /**
     * Copies a chunk.
     *
     * @param values null for the fill value
     * @param at place of the chunk among those of channels, z, y and x
     */
    private void copy(@Nullable ByteBuffer values, int[] at, int[] chunks, float[] into) {
        int[] from = new int[4];
        int[] to = new int[4];
        int[] steps = new int[4];
        for (int i = 0; i < 4; i++) {
            from[i] = at[i] * chunks[i];
            to[i] = (int) Math.min(size(i), (long) from[i] + chunks[i]);
            steps[i] = axes[i] < 0 ? 0 : array.steps()[axes[i]];
        }
        for (int c = from[0]; c < to[0]; c++) {
            for (int z = from[1]; z < to[1]; z++) {
                for (int y = from[2]; y < to[2]; y++) {
                    int out = ((c * size(1) + z) * size(2) + y) * size(3) + from[3];
                    int in = (c - from[0]) * steps[0] + (z - from[1]) * steps[1] + (y - from[2]) * steps[2];
                    for (int x = from[3]; x < to[3]; x++, in += steps[3], out++) {
                        into[out] = values == null ? array.fill() : array.type().number(values, in);
                    }
                }
            }
        }
    }
}
