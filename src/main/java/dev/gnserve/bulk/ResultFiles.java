package dev.gnserve.bulk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.UUID;
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

    /**
     * Why the file system does not take the names of an image's results, such as names that are too long; null if it does.
     *
     * @throws IOException if their folder cannot be made
     */
    @Nullable
    String flaw(String image) throws IOException {
        return flaw(place(image, withPictures ? PICTURE : JSON)); // The longest name.
    }

    private static @Nullable String flaw(Path place) throws IOException {
        makeFolder(place);
        try {
            Files.readAttributes(place, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return null;
        } catch (NoSuchFileException | AccessDeniedException e) {
            return null; // Writing says more.
        } catch (FileSystemException e) {
            return "The result cannot have the name %s: %s. Where it is too long, give the image a shorter one."
                    .formatted(place.getFileName(), e.getReason());
        }
    }

    /** Writes a result. Deletes the problem of an earlier job. */
    void put(String image, byte[] json, byte @Nullable [] picture) throws IOException {
        if (picture != null) {
            write(place(image, PICTURE), picture);
        }
        write(place(image, JSON), json);
        Path problem = problem(image);
        if (problem != null) {
            Files.deleteIfExists(problem);
        }
    }

    /** Writes a problem, if its name is not too long. The next job tries the image again. */
    void putProblem(String image, byte[] json) throws IOException {
        Path problem = problem(image);
        if (problem != null) {
            write(problem, json);
        }
    }

    /** Null where its name is too long. */
    private @Nullable Path problem(String image) throws IOException {
        Path place = place(image, PROBLEM);
        return flaw(place) == null ? place : null;
    }

    private Path place(String image, String ending) {
        return folder.resolve(image + ending);
    }

    static void write(Path place, byte[] bytes) throws IOException {
        makeFolder(place);
        Path part = part(place);
        try {
            write(part, place, bytes);
        } catch (IOException e) {
            try {
                Files.deleteIfExists(part);
            } catch (IOException also) {
                e.addSuppressed(also);
            }
            throw notWritten(place, e);
        }
    }

    private static void makeFolder(Path place) throws IOException {
        try {
            Files.createDirectories(Objects.requireNonNull(place.getParent()));
        } catch (IOException e) {
            throw notWritten(place, e);
        }
    }

    private static IOException notWritten(Path place, IOException e) {
        return new IOException(place + " cannot be written: " + e, e);
    }

    /** The unfinished file: its name is fixed, so that the next job overwrites what a kill has left, and short for every name. */
    static Path part(Path place) {
        byte[] name = place.getFileName().toString().getBytes(StandardCharsets.UTF_8);
        return place.resolveSibling("." + UUID.nameUUIDFromBytes(name) + ".part");
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
