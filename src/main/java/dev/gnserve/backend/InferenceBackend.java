package dev.gnserve.backend;

import dev.gnserve.archive.ArchiveSnapshot;

/**
 * What runs archives: loads one, runs batches, closes, and says what it is. Thread-safe, except for the sessions of its models.
 *
 * <p>The rest of the program reaches it through {@link Engine}, which registers every call.
 */
public interface InferenceBackend extends AutoCloseable {

    /**
     * Loads an archive.
     *
     * @throws dev.gnserve.failure.FailureException with {@code ENGINE_FAULT} if it cannot be loaded; nothing of it stays in memory
     */
    BackendModel load(ArchiveSnapshot archive, BackendPlan plan);

    BackendDescription describe();

    /** How many native arrays are open now, apart from the models' own parameters. */
    int openArrays();

    /** Frees everything that was loaded; no call may be inside. */
    @Override
    void close();
}
