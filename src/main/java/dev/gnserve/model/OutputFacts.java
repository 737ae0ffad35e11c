package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.Tensor;
import java.util.List;
import java.util.Locale;

/**
 * What the values of an output show: by this, the outputs of one decoder are known from those of another. Immutable.
 *
 * @param least value
 * @param greatest value
 * @param whole whether all values are whole numbers
 * @param sumsToOne whether the values of the first axis sum to 1 everywhere, and there are at least two
 * @param finite whether no value is NaN or infinite
 */
record OutputFacts(float least, float greatest, boolean whole, boolean sumsToOne, boolean finite) {

    /** How far rounding takes a sum of probabilities from 1: in single precision, and in half. */
    private static final double ROUNDING = 1e-4;

    private static final double HALF_ROUNDING = 1e-2;

    /** Of an output of any shape. */
    static OutputFacts of(Tensor output) {
        float[] values = output.floats();
        float least = Float.POSITIVE_INFINITY;
        float greatest = Float.NEGATIVE_INFINITY;
        boolean whole = true;
        boolean finite = true;
        for (float value : values) {
            least = Math.min(least, value);
            greatest = Math.max(greatest, value);
            whole &= value == Math.rint(value);
            finite &= Float.isFinite(value);
        }
        return new OutputFacts(least, greatest, whole, sumToOne(output, values), finite);
    }

    /** What is true of all. */
    static OutputFacts of(List<Tensor> outputs) {
        return outputs.stream().map(OutputFacts::of).reduce(OutputFacts::and).orElseThrow();
    }

    private OutputFacts and(OutputFacts other) {
        return new OutputFacts(
                Math.min(least, other.least),
                Math.max(greatest, other.greatest),
                whole && other.whole,
                sumsToOne && other.sumsToOne,
                finite && other.finite);
    }

    private static boolean sumToOne(Tensor output, float[] values) {
        if (output.shape().rank() == 0 || output.shape().size(0) < 2) {
            return false;
        }
        int channels = output.shape().size(0);
        int places = values.length / channels;
        for (int i = 0; i < places; i++) {
            double sum = 0;
            for (int channel = 0; channel < channels; channel++) {
                sum += values[channel * places + i];
            }
            if (!isOne(sum, output)) {
                return false;
            }
        }
        return places > 0;
    }

    /** Whether a sum of probabilities is 1, apart from the rounding of their type. */
    static boolean isOne(double sum, Tensor output) {
        return Math.abs(sum - 1) <= (output.type() == ElementType.FP16 ? HALF_ROUNDING : ROUNDING);
    }

    /**
     * Whether the last column is the greatest in most rows: most queries of a trained network show no object.
     *
     * @param scores each [Q, columns]
     */
    static boolean isMostlyLast(List<Tensor> scores) {
        int rows = 0;
        int last = 0;
        for (Tensor tensor : scores) {
            int columns = tensor.shape().size(1);
            float[] values = tensor.floats();
            for (int from = 0; from < values.length; from += columns) {
                float greatest = Float.NEGATIVE_INFINITY;
                for (int i = from; i < from + columns - 1; i++) {
                    greatest = Math.max(greatest, values[i]);
                }
                rows++;
                last += values[from + columns - 1] > greatest ? 1 : 0;
            }
        }
        return 2 * last > rows;
    }

    /** Whether all values are 0 to 1, apart from rounding. */
    boolean isFraction() {
        return least >= -ROUNDING && greatest <= 1 + ROUNDING;
    }

    /** Whether the values are those of a softmax: fractions that sum to 1. */
    boolean isDistribution() {
        return isFraction() && sumsToOne;
    }

    /** A sentence for people: {@code values -1.32 to 4.05}. */
    String text() {
        if (least > greatest) {
            return "no values";
        }
        String range = String.format(Locale.ROOT, "values %.4g to %.4g", least, greatest);
        return range + (whole ? ", all whole" : "") + (sumsToOne ? ", that sum to 1 over the channels" : "");
    }
}
