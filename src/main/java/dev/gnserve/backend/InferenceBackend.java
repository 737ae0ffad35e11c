package dev.gnserve.backend;

import dev.gnserve.archive.ArchiveSnapshot;

/**
 * Loads archives and runs them. Thread-safe, except for the sessions of its models.
 *
 * <p>The other packages use it through {@link Engine}, which registers every call.
 */
public interface InferenceBackend extends AutoCloseable {

    /**
     * Loads an archive.
     *
     * @throws dev.gnserve.failure.FailureException with {@code ENGINE_FAULT} if it cannot be loaded; then it uses no memory
     */
    BackendModel load(ArchiveSnapshot archive, BackendPlan plan);

    BackendDescription describe();

    /** The number of native arrays that are open now, without the models' parameters. */
    int openArrays();

    /** Frees all native memory. No call may be inside. */
    @Override
    void close();
}
