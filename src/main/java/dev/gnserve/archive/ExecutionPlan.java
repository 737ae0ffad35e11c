package dev.gnserve.archive;

import java.util.Locale;

/**
 * How the engine runs a network: in which order it keeps the elements of its activations, and by which algorithm and in which
 * precision it convolves. The plan changes the speed of a network, and not the file.
 */
public enum ExecutionPlan {

    /** As the file says. */
    AS_EXPORTED,

    /**
     * Activations have the channels as the innermost axis in memory. Shapes stay the same, and results differ by rounding only. Most
     * convolutions on a CPU are faster this way.
     */
    CHANNELS_LAST,

    /**
     * As {@link #CHANNELS_LAST}, but on a CPU, 3 x 3 convolutions of stride 1 with 64 channels or more are computed by Winograd's
     * algorithm, which multiplies less. Their results differ by about 2e-6 of their size, and their weights take four times the memory.
     */
    WINOGRAD,

    /**
     * As {@link #CHANNELS_LAST}, and convolutions take and give bfloat16, which has 8 bits of precision. The weights of normalization
     * and linear layers stay float32.
     */
    BFLOAT16,

    /**
     * As {@link #BFLOAT16}, and on a CPU, convolutions of images whose input is worth it multiply integers of 8 bits. Each image is
     * quantized by its own range, layer by layer.
     */
    INT8;

    /** Whether activations are bfloat16. */
    public boolean isNarrow() {
        return this == BFLOAT16 || this == INT8;
    }

    /**
     * The plan with a {@link #label}.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static ExecutionPlan named(String label) {
        return valueOf(label.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** As in model.yaml: {@code channels-last}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    @Override
    public String toString() {
        return label();
    }
}
