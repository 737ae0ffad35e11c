package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import java.util.function.Consumer;

/** Judges an archive before the engine of this process sees it. Thread-safe. */
public interface ArchiveTrial {

    /** Lets every archive pass. */
    ArchiveTrial NONE = (source, archive, whenPostponed) -> {};

    /**
     * Passes if an archive may be loaded. May take minutes.
     *
     * @param archive of the model, as it was read
     * @param whenPostponed hears, at most once, why the judgement goes on after that of other models
     * @throws dev.gnserve.archive.TorchScriptException if it is no sound archive
     * @throws dev.gnserve.failure.FailureException if it must not be loaded
     */
    void require(ModelSource source, ArchiveSnapshot archive, Consumer<String> whenPostponed);
}
