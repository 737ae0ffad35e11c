package dev.gnserve.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.archive.ExecutionPlan;
import org.jspecify.annotations.Nullable;

/**
 * What one plan does to a model on this machine.
 *
 * @param plan its label: {@code channels-last}
 * @param medianMillis time of a pass over one image
 * @param speedup median of the rounds: time as exported divided by time with this plan, both of one round
 * @param difference largest relative root mean square of the differences of an output from the model as exported
 * @param changedDecisions decisions that differ from the model as exported, over all images
 * @param decisions positive decisions of the model as exported, over all images
 * @param refusal why the plan is not admitted; null if it is
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PlanReport(
        String plan,
        double medianMillis,
        double speedup,
        double difference,
        long changedDecisions,
        long decisions,
        @Nullable String refusal) {

    /** For a plan with which the model does not run at all. */
    public static PlanReport failed(ExecutionPlan plan, String refusal) {
        return new PlanReport(plan.label(), 0, 0, 0, 0, 0, refusal);
    }

    public boolean admitted() {
        return refusal == null;
    }
}
