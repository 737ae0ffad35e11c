package dev.gnserve.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** Files of a model. A named pipe or a device in their place would block its reader, or never end. */
final class RegularFile {

    private static final int MAX_TEXT_BYTES = 1 << 20;

    private RegularFile() {}

    /**
     * Opens a file, or what a symbolic link to one leads to.
     *
     * @throws NoFileException if there is none, or something else
     */
    static InputStream open(Path file) throws IOException {
        BasicFileAttributes found;
        try {
            found = Files.readAttributes(file, BasicFileAttributes.class);
        } catch (NoSuchFileException e) {
            throw new NoFileException(file + " does not exist. Put the file there");
        }
        if (!found.isRegularFile()) {
            String what = found.isDirectory() ? "a folder" : "a named pipe or a device";
            throw new NoFileException(file + " is not a file: it is " + what + ". Put the file itself there");
        }
        return Files.newInputStream(file);
    }

    /**
     * Reads a file of text.
     *
     * @throws InvalidManifestException if it is not UTF-8, or too long for a text that a person writes
     * @throws NoFileException as {@link #open}
     */
    static String text(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = open(file)) {
            bytes = in.readNBytes(MAX_TEXT_BYTES + 1);
        }
        if (bytes.length > MAX_TEXT_BYTES) {
            throw new InvalidManifestException(
                    file + " has more than " + MAX_TEXT_BYTES + " bytes, allowed is less", null);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new InvalidManifestException(file + " is not UTF-8 text. Save it with the encoding UTF-8", e);
        }
    }
}
