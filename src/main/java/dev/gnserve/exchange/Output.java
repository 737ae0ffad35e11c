package dev.gnserve.exchange;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Writes files below a folder. */
final class Output {

    private Output() {}

    /** @throws IOException with the name of the file */
    static void write(Path folder, String name, byte[] bytes) throws IOException {
        Path file = folder.resolve(name);
        try {
            Files.createDirectories(Objects.requireNonNull(file.getParent()));
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new IOException(file + " cannot be written: " + e, e);
        }
    }
}
