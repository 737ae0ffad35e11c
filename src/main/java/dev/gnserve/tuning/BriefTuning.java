package dev.gnserve.tuning;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.PlannedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.PassMemory;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.PlanTrial;
import dev.gnserve.model.TuningReport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What {@code gnserve tune} does with the accuracy {@code exact}, in the little time that loading a model leaves: only the plans of float32,
 * on the image of the golden check or on noise. Thread-safe.
 */
public final class BriefTuning implements PlanTrial {

    /** As exported, by channels-last, and the copy whose layers are verified. */
    private static final int COPIES = 3;

    /** With winograd: its copy, and the one that is verified, have weights four times as large. */
    private static final int COPIES_WITH_WINOGRAD = 12;

    private static final long PASSES = 1L << 30;

    /** For all models together, so that many do not hold up a start. */
    private static final Duration IN_ALL = Duration.ofMinutes(1);

    private final Duration longest;
    private final PassMemory memory;
    private final AtomicLong spentNanos = new AtomicLong();

    /**
     * @param longest for the timing of the passes; loading, comparing and verifying come before it
     * @param memory that passes and models share
     */
    public BriefTuning(Duration longest, PassMemory memory) {
        this.longest = longest;
        this.memory = memory;
    }

    @Override
    public TuningReport run(EngineScope scope, ArchiveSnapshot archive, ModelSource source, ModelManifest manifest)
            throws IOException {
        // Before copies are loaded for nothing.
        TorchScriptArchive unused = PlannedArchive.of(archive.torchScript(), ExecutionPlan.CHANNELS_LAST);
        long needed = COPIES * archive.size() + PASSES;
        if (memory.isLimited() && memory.total() < needed) {
            throw Failure.of(
                            FailureCode.OVERLOADED,
                            "that takes up to %,d MB beside the models, and %,d MB are left; `gnserve tune %s` measures elsewhere"
                                    .formatted(needed >> 20, memory.total() >> 20, source.name()))
                    .asException();
        }
        List<ExecutionPlan> plans = takesWinograd(archive)
                ? List.of(ExecutionPlan.CHANNELS_LAST, ExecutionPlan.WINOGRAD)
                : List.of(ExecutionPlan.CHANNELS_LAST);
        if (spentNanos.get() > IN_ALL.toNanos()) {
            throw Failure.of(
                            FailureCode.OVERLOADED,
                            "other models were measured for a minute already; `gnserve tune %s` measures this one"
                                    .formatted(source.name()))
                    .asException();
        }
        List<FloatTensor> one = TuningImages.of(source, manifest).subList(0, 1);
        long began = System.nanoTime();
        try {
            return new PlanTuner(scope, archive, manifest, one, Accuracy.EXACT)
                    .runBriefly(source.name(), source.version(), plans, longest);
        } finally {
            spentNanos.addAndGet(System.nanoTime() - began);
        }
    }

    private boolean takesWinograd(ArchiveSnapshot archive) {
        if (memory.isLimited() && memory.total() < COPIES_WITH_WINOGRAD * archive.size() + PASSES) {
            return false;
        }
        try {
            TorchScriptArchive unused = PlannedArchive.of(archive.torchScript(), ExecutionPlan.WINOGRAD);
            return true;
        } catch (TorchScriptException e) { // It has no convolution for it.
            return false;
        }
    }
}
