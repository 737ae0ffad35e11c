package dev.gnserve.archive;

/** The IEEE 754 binary16 format. {@code Float.float16ToFloat} needs JDK 20. */
public final class Float16 {

    private Float16() {}

    /** The value of 16 bits: sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
    public static float toFloat(short bits) {
        int exponent = bits >> 10 & 0x1f;
        int fraction = bits & 0x3ff;
        float magnitude;
        if (exponent == 0) {
            magnitude = fraction * 0x1p-24f;
        } else if (exponent == 31) {
            magnitude = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else {
            magnitude = Math.scalb(1f + fraction * 0x1p-10f, exponent - 15);
        }
        return bits < 0 ? -magnitude : magnitude;
    }
}
