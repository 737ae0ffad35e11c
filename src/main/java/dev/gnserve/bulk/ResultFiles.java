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
 * The files of results in a folder. A file is complete or absent, also after a kill or a loss of power: it is written under another name,
 * forced to the disk, and renamed. The JSON is written last, so that an image with JSON is done. Thread-safe for different images.
 */
final class ResultFiles {

    private static final String JSON = ".json";
    private static final String PROBLEM = ".problem.json";
    private static final String PICTURE = ".overlay.png";

    private final Path folder;

    private final boolean withPictures;

    /** @param withPictures whether an image without a picture is not done */
    ResultFiles(Path folder, boolean withPictures) {
        this.folder = folder;
        this.withPictures = withPictures;
    }

    boolean has(String image) {
        return Files.exists(place(image, JSON)) && (!withPictures || Files.exists(place(image, PICTURE)));
    }

    /** Writes a result. Deletes the problem of an earlier job. */
    void put(String image, byte[] json, byte @Nullable [] picture) throws IOException {
        if (picture != null) {
            write(place(image, PICTURE), picture);
        }
        write(place(image, JSON), json);
        Files.deleteIfExists(place(image, PROBLEM));
    }

    /** Writes a problem. The next job tries the image again. */
    void putProblem(String image, byte[] json) throws IOException {
        write(place(image, PROBLEM), json);
    }

    private Path place(String image, String ending) {
        return folder.resolve(image + ending);
    }

    static void write(Path place, byte[] bytes) throws IOException {
        Path parent = Objects.requireNonNull(place.getParent());
        // The name is fixed, so that the next job overwrites what a kill has left.
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
