package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.program.ArchiveFile;
import java.io.IOException;
import java.io.InputStream;

/**
 * The files of one version of one model: a manifest and an archive. The layout is {@code name/model.yaml}, which the versions share,
 * and {@code name/<version>/model.pt}, or {@code model.pt2} for a program of torch.export. A file in the folder of a version, such as
 * {@code name/<version>/model.yaml}, stands in place of the shared one. Thread-safe; the files may change at any time.
 */
public interface ModelSource {

    String name();

    String version();

    /** The folder of the model, for messages. */
    String location();

    /** Where the manifest is, for messages. */
    default String manifestLocation() {
        return location() + "/model.yaml";
    }

    /** Whether it can be read at all. A source that cannot be read does not show which versions exist. */
    default boolean isReadable() {
        return true;
    }

    /** A text that changes when the manifest or the archive changes; constant if they cannot change. */
    default String fingerprint() throws IOException {
        return "";
    }

    /** Whether the archive comes with the program, so that it needs no {@link ArchiveTrial}. */
    default boolean isTrusted() {
        return false;
    }

    /** The text of {@code model.yaml}. */
    String manifest() throws IOException;

    /**
     * Opens a file in the folder of the version, or else beside the shared {@code model.yaml}.
     *
     * @throws IOException if it cannot be opened, for example because it does not exist
     */
    InputStream open(String file) throws IOException;

    /** The file name of the archive, for messages. */
    default String archiveName() {
        return "model.pt";
    }

    /** Opens the archive. The next call may open other bytes, so a model is made from one {@link #snapshot}. */
    InputStream openArchive() throws IOException;

    /**
     * Copies the archive; a program becomes the TorchScript archive that is served.
     *
     * @throws IOException if it cannot be read
     */
    default ArchiveSnapshot snapshot() throws IOException {
        try (InputStream in = openArchive()) {
            return ArchiveFile.read(in, location() + "/" + version() + "/" + archiveName());
        }
    }
}
