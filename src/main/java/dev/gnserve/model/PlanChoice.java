package dev.gnserve.model;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the plan by which a model is loaded: what its manifest states; for {@code auto}, what was measured for its archive on this
 * machine. Thread-safe.
 */
public final class PlanChoice {

    private static final System.Logger LOG = System.getLogger(PlanChoice.class.getName());

    /** Takes what earlier measurements of this user chose, and measures nothing. */
    public static final PlanChoice KEPT = new PlanChoice(TunedPlans.ofUser(), null);

    private final TunedPlans kept;
    private final @Nullable PlanTrial trial;

    /**
     * @param kept where measurements are looked up and kept
     * @param trial measures where none is kept; null to measure nothing
     */
    public PlanChoice(TunedPlans kept, @Nullable PlanTrial trial) {
        this.kept = kept;
        this.trial = trial;
    }

    /**
     * A choice.
     *
     * @param reason why this one, for {@code auto}; null where the manifest states the plan
     * @param measured the measurement for this archive on this machine; null if there is none
     */
    record Chosen(
            ExecutionPlan plan,
            @Nullable String reason,
            @Nullable TuningReport measured) {}

    /** Chooses, and measures first where nothing is kept. What goes wrong in that is the reason to run as exported. */
    Chosen choose(EngineScope scope, ArchiveSnapshot archive, ModelSource source, ModelManifest manifest, int cores) {
        Execution execution = manifest.execution();
        TunedPlans.Key key = TunedPlans.Key.of(archive, scope.describe(), manifest, execution.accuracy(), cores);
        TuningReport known = kept.find(key);
        ExecutionPlan stated = execution.plan();
        if (stated != null) {
            return new Chosen(stated, null, known);
        }
        if (known != null) {
            return byMeasurement(known);
        }
        if (trial == null) {
            return new Chosen(
                    ExecutionPlan.AS_EXPORTED,
                    "auto: nothing was measured for this archive on this machine, so it runs as exported; `gnserve tune "
                            + source.name() + "` measures",
                    null);
        }
        try {
            TuningReport measured = trial.run(scope, archive, source, manifest);
            LOG.log(INFO, () -> scope + " runs by the plan " + measured.chosen() + ": " + measured.reason());
            if (isSettled(measured)) {
                keep(key, measured);
            }
            return byMeasurement(measured);
        } catch (FailureException e) {
            return asExported(scope, e.failure().detail());
        } catch (TorchScriptException e) {
            return asExported(scope, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            return asExported(scope, e.toString());
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.log(WARNING, () -> "measuring the plans of " + scope + " failed", e);
            return asExported(scope, e.toString());
        }
    }

    /** For a model that must run as exported. */
    Chosen asExported(EngineScope scope, ArchiveSnapshot archive, ModelManifest manifest, int cores, String why) {
        TunedPlans.Key key = TunedPlans.Key.of(
                archive, scope.describe(), manifest, manifest.execution().accuracy(), cores);
        return new Chosen(ExecutionPlan.AS_EXPORTED, why, kept.find(key));
    }

    private static Chosen byMeasurement(TuningReport measured) {
        return new Chosen(measured.plan(), "auto: " + measured.reason(), measured);
    }

    private static Chosen asExported(EngineScope scope, String why) {
        String reason = "auto: it runs as exported, because its plans were not measured: " + why;
        LOG.log(INFO, () -> scope + ": " + reason);
        return new Chosen(ExecutionPlan.AS_EXPORTED, reason, null);
    }

    /**
     * Whether another measurement would hardly choose otherwise. A plan that seems faster, but not clearly, is measured again; so is one
     * that was refused, or had no time, because that may be due to model.yaml or to the moment.
     */
    private static boolean isSettled(TuningReport measured) {
        return measured.plan() != ExecutionPlan.AS_EXPORTED
                || (measured.plans().size() > 1
                        && measured.plans().stream().allMatch(plan -> plan.admitted() && plan.speedup() <= 1));
    }

    private void keep(TunedPlans.Key key, TuningReport measured) {
        try {
            kept.keep(key, measured);
        } catch (IOException | RuntimeException e) {
            LOG.log(
                    INFO,
                    "What was measured of plans is not kept for the next start, because %s. Name a folder that lasts in XDG_CACHE_HOME"
                            .formatted(e));
        }
    }
}
