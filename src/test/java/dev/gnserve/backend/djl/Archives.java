package dev.gnserve.backend.djl;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.BackendPlan;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Loads archives for tests, on the CPU. */
public final class Archives {

    private Archives() {}

    /** Loads an archive of the folder {@code engine}. */
    static PyTorchModel load(PyTorchBackend backend, String file) {
        try (InputStream in = Archives.class.getResourceAsStream("/engine/" + file);
                ArchiveSnapshot snapshot = ArchiveSnapshot.read(in, file)) {
            return backend.load(snapshot, BackendPlan.CPU);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static PyTorchModel load(PyTorchBackend backend, TorchScriptArchive archive, String name) {
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.of(archive, name)) {
            return backend.load(snapshot, BackendPlan.CPU);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
