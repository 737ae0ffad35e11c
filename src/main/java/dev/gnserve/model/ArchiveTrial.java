package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Judges an archive before the engine of this process sees it. Thread-safe. */
public interface ArchiveTrial {

    /** Lets every archive pass. */
    ArchiveTrial NONE = (source, archive, whenPostponed) -> CompletableFuture.completedFuture(null);

    /**
     * Judges an archive: reads it on this thread, and may try it elsewhere for minutes.
     *
     * @param archive of the model, as it was read; stays open until the judgement
     * @param whenPostponed hears, at most once, why the judgement goes on after that of other models
     * @return completes if the archive may be loaded; completes exceptionally with a {@code TorchScriptException} if it is no sound archive,
     *     with a {@code FailureException} if it must not be loaded
     */
    CompletableFuture<Void> judge(ModelSource source, ArchiveSnapshot archive, Consumer<String> whenPostponed);
}
