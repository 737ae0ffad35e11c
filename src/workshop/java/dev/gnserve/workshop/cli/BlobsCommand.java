package dev.gnserve.workshop.cli;

import dev.gnserve.workshop.training.BlobFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "blobs",
        description =
                "Makes a volume with blobs as a TIFF stack, and OUT.ids.tif with the number of the blob of each voxel.")
final class BlobsCommand implements Callable<Integer> {

    @Option(names = "--out", required = true, description = "The stack: blobs.tif.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Option(
            names = "--seed",
            description = "Seed (default: ${DEFAULT-VALUE}). Those below 0 are never trained with.",
            defaultValue = "-100")
    private long seed;

    @Option(names = "--depth", description = "Planes (default: ${DEFAULT-VALUE}).", defaultValue = "32")
    private int depth;

    @Option(names = "--side", description = "Rows and columns (default: ${DEFAULT-VALUE}).", defaultValue = "64")
    private int side;

    @Override
    public Integer call() throws IOException {
        BlobFiles.write(seed, depth, side, out);
        return 0;
    }
}
