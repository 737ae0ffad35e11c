package dev.gnserve.model;

import dev.gnserve.archive.ExecutionPlan;
import java.util.List;

/**
 * The plans that were tried for a model, and the choice.
 *
 * @param images number of inputs that were compared
 * @param rounds number of passes of each plan that were timed
 * @param plans the model as exported first
 * @param chosen label of the plan to use
 * @param reason why this one
 */
public record TuningReport(
        String model, String version, int images, int rounds, List<PlanReport> plans, String chosen, String reason) {

    public TuningReport {
        plans = List.copyOf(plans);
    }

    /**
     * The plan to use.
     *
     * @throws IllegalArgumentException if {@link #chosen} names none
     */
    public ExecutionPlan plan() {
        return ExecutionPlan.named(chosen);
    }
}
