package dev.gnserve.backend;

import java.util.Map;
import java.util.stream.IntStream;

/** How far outputs are from others that should be the same. */
public final class OutputDifference {

    private OutputDifference() {}

    /**
     * The largest relative difference of an output. Infinite where the outputs have other names, types or shapes, and NaN or
     * infinite where one of them is. Of whole numbers, such as labels, it is the part of them that differs.
     */
    public static double of(Prediction expected, Prediction actual) {
        if (!expected.outputs().keySet().equals(actual.outputs().keySet())) {
            return Double.POSITIVE_INFINITY;
        }
        double largest = 0;
        for (Map.Entry<String, Tensor> output : expected.outputs().entrySet()) {
            Tensor one = output.getValue();
            Tensor other = actual.outputs().get(output.getKey());
            if (other == null || !other.shape().equals(one.shape()) || one.type() != other.type()) {
                return Double.POSITIVE_INFINITY;
            }
            double difference = one.type().isFloating()
                    ? relative(one.floats(), other.floats())
                    : changed(one.floats(), other.floats());
            largest = difference > largest || Double.isNaN(difference) ? difference : largest;
        }
        return largest;
    }

    private static double changed(float[] expected, float[] actual) {
        long changed = IntStream.range(0, expected.length)
                .filter(i -> expected[i] != actual[i])
                .count();
        return changed == 0 ? 0 : (double) changed / expected.length;
    }

    /** The root mean square of the differences over that of the expected values. Equal values that are not finite do not differ. */
    public static double relative(float[] expected, float[] actual) {
        if (expected.length != actual.length) {
            return Double.POSITIVE_INFINITY;
        }
        double size = 0;
        double differences = 0;
        for (int i = 0; i < expected.length; i++) {
            if (Float.compare(expected[i], actual[i]) != 0) {
                double difference = (double) expected[i] - actual[i];
                differences += difference * difference;
            }
            size += Float.isFinite(expected[i]) ? (double) expected[i] * expected[i] : 0;
        }
        return differences == 0 ? 0 : Math.sqrt(differences / Math.max(size, Double.MIN_NORMAL));
    }
}
