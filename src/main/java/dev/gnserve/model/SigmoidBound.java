package dev.gnserve.model;

/** An upper bound of the sigmoid from a table: whether a probability can matter is known without an exponential. */
final class SigmoidBound {

    /** Steps of the table for 1 of the logit. */
    private static final int STEPS = 32;

    /** The table covers logits from minus this to this. */
    private static final int RANGE = 24;

    private static final float[] TABLE = table();

    private SigmoidBound() {}

    /** At least {@link HeadGrid#sigmoid} of the logit; 1 for NaN. */
    static float above(float logit) {
        float step = (logit + RANGE) * STEPS;
        if (step < 0) {
            return TABLE[0];
        }
        return step < TABLE.length - 2 ? TABLE[(int) step + 2] : 1;
    }

    private static float[] table() {
        float[] table = new float[2 * RANGE * STEPS + 1];
        for (int i = 0; i < table.length; i++) {
            table[i] = HeadGrid.sigmoid((float) i / STEPS - RANGE);
        }
        return table;
    }
}
