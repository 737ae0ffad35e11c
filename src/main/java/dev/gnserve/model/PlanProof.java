package dev.gnserve.model;

import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.OutputDifference;
import dev.gnserve.backend.Prediction;
import dev.gnserve.failure.FailureException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loads a model with the plan of its manifest only if it then answers as the file does. Otherwise the model runs as exported, and the
 * log says why.
 */
final class PlanProof {

    private static final System.Logger LOG = System.getLogger(PlanProof.class.getName());

    /** Another order of additions moves the outputs of deep networks by about 1e-6 of their size. */
    private static final double MOST_BY_ORDER = 1e-4;

    /** bfloat16 moves them by about 1e-2. */
    private static final double MOST_BY_BFLOAT16 = 0.1;

    /** Convolutions of 8 bits move them by about twice that. */
    private static final double MOST_BY_INT8 = 0.2;

    private PlanProof() {}

    /**
     * A model in the engine, with the plan that it runs by.
     *
     * @param plan the one that was asked for, or as exported
     * @param objection why it is not the one that was asked for; null if it is
     */
    record Proved(
            BackendModel model,
            ExecutionPlan plan,
            @Nullable String objection) {}

    /**
     * Loads the archive.
     *
     * @param noise an input that the model takes
     * @throws FailureException as {@link EngineScope#load}, if the model does not load as exported
     */
    static Proved load(EngineScope scope, ArchiveSnapshot archive, BackendPlan wanted, ModelInput noise) {
        ExecutionPlan plan = wanted.execution();
        BackendModel exported =
                scope.load(archive, new BackendPlan(wanted.device(), wanted.threads(), ExecutionPlan.AS_EXPORTED));
        if (plan == ExecutionPlan.AS_EXPORTED) {
            return new Proved(exported, plan, null);
        }
        String objection;
        try {
            BackendModel planned = scope.load(archive, wanted);
            double difference = difference(exported, planned, noise);
            double most = switch (plan) {
                case BFLOAT16 -> MOST_BY_BFLOAT16;
                case INT8 -> MOST_BY_INT8;
                default -> MOST_BY_ORDER;
            };
            if (difference <= most) {
                exported.close();
                return new Proved(planned, plan, null);
            }
            planned.close();
            objection =
                    "for noise, its outputs then differ from those as exported by %.1e of their size, allowed is %.0e"
                            .formatted(difference, most);
        } catch (FailureException e) {
            objection = e.failure().detail();
        } catch (RuntimeException | Error e) {
            exported.close();
            throw e;
        }
        LOG.log(
                WARNING,
                "%s runs as exported and not by the plan %s: %s. `gnserve tune` finds a plan that holds"
                        .formatted(scope, plan, objection));
        return new Proved(exported, ExecutionPlan.AS_EXPORTED, "not by the plan " + plan + ": " + objection);
    }

    private static double difference(BackendModel exported, BackendModel planned, ModelInput noise) {
        try {
            return OutputDifference.of(run(exported, noise), run(planned, noise));
        } catch (RuntimeException | Error e) {
            planned.close();
            throw e;
        }
    }

    private static Prediction run(BackendModel model, ModelInput noise) {
        return model.newSession().run(List.of(noise)).predictions().get(0);
    }
}
