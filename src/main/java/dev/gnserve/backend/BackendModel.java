package dev.gnserve.backend;

import dev.gnserve.archive.RepairedArchive;
import java.util.List;

/** One loaded archive. Its sessions share its parameters. Thread-safe. */
public interface BackendModel extends AutoCloseable {

    /** Where it runs, as {@code cpu} or {@code gpu0}. */
    String device();

    /** The operators that were replaced because this back end does not have them. */
    List<RepairedArchive.Replacement> replacements();

    /** A session for one thread. */
    BackendSession newSession();

    /**
     * A session for one thread, of a model that was loaded from an instrumented copy ({@link dev.gnserve.archive.TappedArchive}).
     *
     * @param background whether its forward passes must not slow down others: they run on one thread and do not count when the
     *     cores are shared
     */
    TappedSession newTappedSession(boolean background);

    /** Frees the parameters; no session may be running. Closing again does nothing. */
    @Override
    void close();
}
