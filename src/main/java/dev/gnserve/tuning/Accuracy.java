package dev.gnserve.tuning;

import dev.gnserve.archive.ExecutionPlan;

/** How far the answers of a plan may be from those of the model as exported. */
public enum Accuracy {

    /** As far as the order of additions takes float32: outputs within 1e-4 of their size, and one decision in 2,000 changed. */
    EXACT(1e-4, 0.0005),

    /** The decisions stay: outputs within a tenth of their size, and one decision in 100 changed. Masks then have a Dice of 0.99. */
    DECISIONS(0.1, 0.01);

    private final double difference;
    private final double changed;

    /**
     * @param difference largest {@link dev.gnserve.model.PlanReport#difference}
     * @param changed largest share of changed decisions
     */
    Accuracy(double difference, double changed) {
        this.difference = difference;
        this.changed = changed;
    }

    /** What a plan reaches in general: channels-last changes the order of additions only. */
    public static Accuracy of(ExecutionPlan plan) {
        return plan.isNarrow() ? DECISIONS : EXACT;
    }

    /** The largest root mean square of the differences of an output, relative to the root mean square of the output. */
    double mostDifference() {
        return difference;
    }

    /** The most changed decisions, relative to the positive ones: pixels that belong to a class, boxes that are found. */
    double mostChanged() {
        return changed;
    }
}
