package dev.gnserve.tuning;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.PlannedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.PlanTrial;
import dev.gnserve.model.TuningReport;
import java.io.IOException;
import java.time.Duration;

/**
 * What {@code gnserve tune} does with the accuracy {@code exact}, in the little time that loading a model leaves: only the plan that may
 * be admitted, on the image of the golden check or on noise. Thread-safe.
 */
public final class BriefTuning implements PlanTrial {

    private final Duration longest;

    /** @param longest for the timing of the passes; loading, comparing and verifying come before it */
    public BriefTuning(Duration longest) {
        this.longest = longest;
    }

    @Override
    public TuningReport run(EngineScope scope, ArchiveSnapshot archive, ModelSource source, ModelManifest manifest)
            throws IOException {
        // Before two copies are loaded for nothing.
        TorchScriptArchive unused = PlannedArchive.of(archive.torchScript(), ExecutionPlan.CHANNELS_LAST);
        return new PlanTuner(scope, archive, manifest, TuningImages.of(source, manifest), Accuracy.EXACT)
                .runBriefly(source.name(), source.version(), longest);
    }
}
