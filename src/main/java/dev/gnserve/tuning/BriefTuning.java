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
import dev.gnserve.model.Accuracy;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.PlanReport;
import dev.gnserve.model.PlanTrial;
import dev.gnserve.model.TuningReport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What {@code gnserve tune} does with the accuracy of model.yaml, in the little time that loading a model leaves: on the image of the
 * golden check or on noise. Thread-safe.
 *
 * <p>Noise shows how far outputs move, and not which decisions on pictures change. So without a golden picture, only the plans of float32
 * are tried.
 */
public final class BriefTuning implements PlanTrial {

    /** As exported, by channels-last, and the copy whose layers are verified. */
    private static final int COPIES = 3;

    /** With winograd: its copy, and the one that is verified, have weights four times as large. */
    private static final int COPIES_OF_WINOGRAD = 9;

    /** bfloat16 and int8, whose integers come beside the weights. */
    private static final int COPIES_OF_NARROW = 3;

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
        Accuracy accuracy = manifest.execution().accuracy();
        boolean narrow = accuracy.admitsNarrow() && manifest.hasGoldenPicture();
        int copies = narrow ? COPIES + COPIES_OF_NARROW : COPIES;
        long needed = needed(copies, archive);
        if (!fits(needed)) {
            throw Failure.of(
                            FailureCode.OVERLOADED,
                            "that takes up to %,d MB beside the models, and %,d MB are left; `gnserve tune %s` measures elsewhere"
                                    .formatted(needed >> 20, memory.total() >> 20, source.name()))
                    .asException();
        }
        if (spentNanos.get() > IN_ALL.toNanos()) {
            throw Failure.of(
                            FailureCode.OVERLOADED,
                            "other models were measured for a minute already; `gnserve tune %s` measures this one"
                                    .formatted(source.name()))
                    .asException();
        }
        List<ExecutionPlan> plans = new ArrayList<>(List.of(ExecutionPlan.CHANNELS_LAST));
        if (fits(needed(copies + COPIES_OF_WINOGRAD, archive)) && takes(archive, ExecutionPlan.WINOGRAD)) {
            plans.add(ExecutionPlan.WINOGRAD);
        }
        List<PlanReport> unmeasured = new ArrayList<>();
        for (ExecutionPlan plan : List.of(ExecutionPlan.BFLOAT16, ExecutionPlan.INT8)) {
            if (narrow && takes(archive, plan)) {
                plans.add(plan);
            } else if (accuracy.admitsNarrow() && !narrow) {
                unmeasured.add(PlanReport.failed(
                        plan,
                        "not measured, because only pictures show which decisions change, and the model has no golden picture;"
                                + " `gnserve tune --accuracy %s --data PICTURES %s` measures it"
                                        .formatted(accuracy.label(), source.name())));
            }
        }
        List<FloatTensor> one = TuningImages.of(source, manifest).subList(0, 1);
        long began = System.nanoTime();
        try {
            return new PlanTuner(scope, archive, manifest, one, accuracy)
                    .runBriefly(source.name(), source.version(), plans, unmeasured, longest);
        } finally {
            spentNanos.addAndGet(System.nanoTime() - began);
        }
    }

    private static long needed(int copies, ArchiveSnapshot archive) {
        return copies * archive.size() + PASSES;
    }

    private boolean fits(long needed) {
        return !memory.isLimited() || memory.total() >= needed;
    }

    /** Whether the archive has convolutions for a plan. */
    private static boolean takes(ArchiveSnapshot archive, ExecutionPlan plan) {
        try {
            TorchScriptArchive unused = PlannedArchive.of(archive.torchScript(), plan);
            return true;
        } catch (TorchScriptException e) {
            return false;
        }
    }
}
