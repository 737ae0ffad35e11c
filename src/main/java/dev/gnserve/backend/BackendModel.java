package dev.gnserve.backend;

import dev.gnserve.archive.RepairedArchive;
import java.util.List;

/** One loaded archive. Its sessions share its parameters. Thread-safe. */
public interface BackendModel extends AutoCloseable {

    /** Where the model runs: {@code cpu}, {@code gpu0}. */
    String device();

    /** The operators that were replaced because the back end does not have them. */
    List<RepairedArchive.Replacement> replacements();

    /** A session for one thread. */
    BackendSession newSession();

    /**
     * A session for one thread. The model must be loaded from an instrumented copy ({@link dev.gnserve.archive.TappedArchive}).
     *
     * @param background whether its forward passes must not slow down others: they use one thread and do not count when the cores
     *     are shared
     */
    TappedSession newTappedSession(boolean background);

    /** Frees the parameters. No session may be in use. Closing again does nothing. */
    @Override
    void close();
}
