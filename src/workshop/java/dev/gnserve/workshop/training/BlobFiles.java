package dev.gnserve.workshop.training;

import dev.gnserve.volume.ArrayFile;
import dev.gnserve.volume.Geometry;
import dev.gnserve.volume.VolumeShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes made volumes as TIFF stacks of 16 bits. */
public final class BlobFiles {

    private BlobFiles() {}

    /**
     * Writes a volume, and beside it the numbers of its blobs.
     *
     * @param stack with the ending .tif; that of the numbers has the ending .ids.tif
     */
    public static void write(long seed, int depth, int side, Path stack) throws IOException {
        BlobVolume made = BlobVolume.made(seed, depth, side, side);
        VolumeShape shape = new VolumeShape(1, depth, side, side);
        Geometry geometry = new Geometry(List.of(BlobVolume.PLANE_DISTANCE, 1.0, 1.0), "micrometer", null);
        ArrayFile values = new ArrayFile(ArrayFile.Format.TIFF, ArrayFile.Type.UINT16, 1, shape, geometry);
        ArrayFile ids = new ArrayFile(ArrayFile.Format.TIFF, ArrayFile.Type.UINT16, 1, shape, geometry);
        for (int at = 0; at < made.ids().length; at++) {
            values.set(0, at, Math.round(made.values()[at]));
            ids.set(0, at, made.ids()[at]);
        }
        Files.write(stack, values.bytes());
        String name = stack.getFileName().toString().replaceFirst("\\.tiff?$", "");
        Files.write(stack.resolveSibling(name + ".ids.tif"), ids.bytes());
    }
}
