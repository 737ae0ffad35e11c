package dev.gnserve.verification;

/** How far one output of an image is from what it was in another batch. */
final class OutputDifference {

    /** Of the largest value: more is what PyTorch would not accept between memory formats either. */
    private static final double RELATIVE = 1e-4;

    private double largest;
    private double magnitude = 1e-6;

    /** The largest absolute difference. */
    double largest() {
        return largest;
    }

    /** What rounding explains. */
    double sound() {
        return RELATIVE * magnitude;
    }

    /** Compares as many values of both, from a place of each on. */
    void add(float[] one, int at, float[] other, int otherAt, int length) {
        for (int i = 0; i < length; i++) {
            float own = one[at + i];
            if (Float.isFinite(own)) {
                magnitude = Math.max(magnitude, Math.abs(own));
            }
            if (Float.floatToIntBits(own) != Float.floatToIntBits(other[otherAt + i])) {
                double apart = Math.abs((double) own - other[otherAt + i]);
                // 0 and -0 are apart in bits only; NaN against a number is as wrong as can be.
                add(Double.isNaN(apart) ? Double.POSITIVE_INFINITY : apart);
            }
        }
    }

    void add(double apart) {
        largest = Math.max(largest, apart);
    }
}
