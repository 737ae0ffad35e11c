package dev.gnserve.model;

import dev.gnserve.archive.ExecutionPlan;
import java.util.Locale;

/**
 * How far the answers of a plan may be from those of the model as exported.
 *
 * @param label as in model.yaml: {@code exact}, {@code decisions}, or a number
 * @param mostDifference largest root mean square of the differences of an output, relative to the root mean square of the output
 * @param mostChanged most changed decisions, relative to the positive ones: pixels that belong to a class, boxes that are found
 */
public record Accuracy(String label, double mostDifference, double mostChanged) {

    /** As far as the order of additions takes float32: outputs within 1e-4 of their size, and one decision in 2,000 changed. */
    public static final Accuracy EXACT = new Accuracy("exact", 1e-4, 0.0005);

    /** The decisions stay: outputs within a tenth of their size, and one decision in 100 changed. Masks then have a Dice of 0.99. */
    public static final Accuracy DECISIONS = new Accuracy("decisions", 0.1, 0.01);

    private static final double LEAST = 1e-6;

    /**
     * An accuracy by its label. A number is the largest difference of an output; of the decisions, it lets as many change as
     * {@link #EXACT}.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static Accuracy of(String label) {
        String text = label.strip().toLowerCase(Locale.ROOT);
        if (text.equals(EXACT.label)) {
            return EXACT;
        }
        if (text.equals(DECISIONS.label)) {
            return DECISIONS;
        }
        double number;
        try {
            number = Double.parseDouble(text);
        } catch (NumberFormatException e) {
            number = Double.NaN;
        }
        if (!(number >= LEAST && number <= DECISIONS.mostDifference)) {
            throw new IllegalArgumentException(
                    "the accuracy is " + label
                            + ", allowed is exact, decisions, or the part of their size by which outputs may differ: 1e-6 to 0.1");
        }
        return new Accuracy(Double.toString(number), number, EXACT.mostChanged);
    }

    /** What a plan reaches in general: channels-last changes the order of additions only. */
    public static Accuracy of(ExecutionPlan plan) {
        return plan.isNarrow() ? DECISIONS : EXACT;
    }

    /** Whether plans with less than float32 can reach it: bfloat16 has 8 bits. */
    public boolean admitsNarrow() {
        return mostDifference > EXACT.mostDifference;
    }
}
