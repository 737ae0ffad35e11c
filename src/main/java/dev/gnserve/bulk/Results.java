package dev.gnserve.bulk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The folder that takes what was found. A file is there whole or not at all, also after a kill or a loss of power: it is
 * written beside its place, forced to the disk, and renamed. An image is done when its JSON is there, which is written
 * last.
 */
final class Results {

    private static final String JSON = ".json";
    private static final String PROBLEM = ".problem.json";
    private static final String PICTURE = ".overlay.png";

    private final Path folder;

    Results(Path folder) {
        this.folder = folder;
    }

    boolean has(String image) {
        return Files.exists(place(image, JSON));
    }

    /** What was found, with the picture first where there is one; a problem of an earlier run goes. */
    void put(String image, byte[] json, byte @Nullable [] picture) throws IOException {
        if (picture != null) {
            write(place(image, PICTURE), picture);
        }
        write(place(image, JSON), json);
        Files.deleteIfExists(place(image, PROBLEM));
    }

    /** Why nothing was found; the next run tries again. */
    void putProblem(String image, byte[] json) throws IOException {
        write(place(image, PROBLEM), json);
    }

    private Path place(String image, String ending) {
        return folder.resolve(image + ending);
    }

    private static void write(Path place, byte[] bytes) throws IOException {
        Path parent = Objects.requireNonNull(place.getParent());
        // Of this name, so that the next run writes over what a kill has left.
        Path part = parent.resolve("." + place.getFileName() + ".part");
        try {
            Files.createDirectories(parent);
            write(part, place, bytes);
        } catch (IOException e) {
            throw new IOException(place + " cannot be written: " + e, e);
        }
    }

    private static void write(Path part, Path place, byte[] bytes) throws IOException {
        try (FileChannel file = FileChannel.open(
                part, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                file.write(left);
            }
            file.force(true);
        }
        Files.move(part, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
