package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import java.io.IOException;
import java.io.InputStream;

/**
 * One version of one model where it lies: a manifest that all versions share, and an archive.
 *
 * <p>The layout is {@code name/model.yaml} and {@code name/<version>/model.pt}.
 */
public interface ModelSource {

    String name();

    String version();

    /** Where it lies, for messages. */
    String location();

    /** Whether it can be read at all. What cannot says nothing about which versions exist. */
    default boolean isReadable() {
        return true;
    }

    /** Differs when manifest or archive have changed; the same forever where they cannot. */
    default String fingerprint() throws IOException {
        return "";
    }

    /** The text of {@code model.yaml}. */
    String manifest() throws IOException;

    /**
     * A file beside {@code model.yaml}.
     *
     * @throws IOException if there is none
     */
    InputStream open(String file) throws IOException;

    /** Opens the archive as it is now. A second stream may give other bytes: a model is made from one {@link #snapshot}. */
    InputStream openArchive() throws IOException;

    /**
     * Reads the archive.
     *
     * @throws IOException if it cannot be read
     */
    default ArchiveSnapshot snapshot() throws IOException {
        try (InputStream in = openArchive()) {
            return ArchiveSnapshot.read(in, location() + "/" + version() + "/model.pt");
        }
    }
}
