package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.EngineScope;
import java.io.IOException;

/** Measures the execution plans of a model while it loads. Thread-safe. */
@FunctionalInterface
public interface PlanTrial {

    /**
     * Measures them on the calling thread, in a few seconds.
     *
     * @param scope of the model's calls into the engine
     * @param archive of the model; stays open
     * @throws dev.gnserve.failure.FailureException with why this model cannot be measured
     * @throws dev.gnserve.archive.TorchScriptException if no plan can be written into the archive, with the reason
     * @throws IOException if a file of the model cannot be read
     */
    TuningReport run(EngineScope scope, ArchiveSnapshot archive, ModelSource source, ModelManifest manifest)
            throws IOException;
}
