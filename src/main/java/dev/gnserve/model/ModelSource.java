package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
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

    /** The archive. For {@link #snapshot} alone: what is read twice may differ. */
    InputStream openArchive() throws IOException;

    /**
     * Reads the archive.
     *
     * @throws IOException if it cannot be read
     * @throws FailureException with {@code MODEL_UNAVAILABLE} if it changed meanwhile
     */
    default ArchiveSnapshot snapshot() throws IOException {
        String name = location() + "/" + version() + "/model.pt";
        String before = fingerprint();
        ArchiveSnapshot snapshot;
        try (InputStream in = openArchive()) {
            snapshot = ArchiveSnapshot.read(in, name);
        }
        boolean changed;
        try {
            changed = !before.equals(fingerprint());
        } catch (IOException | RuntimeException | Error e) {
            snapshot.close();
            throw e;
        }
        if (changed) {
            snapshot.close();
            throw Failure.of(
                            FailureCode.MODEL_UNAVAILABLE,
                            name
                                    + " or its model.yaml changed while the archive was read; load the model again when the"
                                    + " files are complete")
                    .asException();
        }
        return snapshot;
    }
}
