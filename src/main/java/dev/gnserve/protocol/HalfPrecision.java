package dev.gnserve.protocol;

/** IEEE 754 binary16 from a number that JSON wrote in decimal: sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
final class HalfPrecision {

    /** Halfway between the largest finite value, 65504, and the next power of two. */
    private static final double OVERFLOW = 65_520;

    private static final int SMALLEST_NORMAL_EXPONENT = -14;

    private HalfPrecision() {}

    static boolean fits(double value) {
        return Math.abs(value) < OVERFLOW;
    }

    /** Rounded to the nearest, halves to even; scaling by a power of two is exact, so there is one rounding only. */
    static short bits(double value) {
        double magnitude = Math.abs(value);
        int exponent = Math.max(SMALLEST_NORMAL_EXPONENT, Math.getExponent(magnitude));
        // 1024 to 2048 for normal values, less for subnormal ones; 2048 carries into the exponent by itself.
        int fraction = (int) Math.rint(Math.scalb(magnitude, 10 - exponent));
        int bits = ((exponent - SMALLEST_NORMAL_EXPONENT) << 10) + fraction;
        return (short) (Double.doubleToRawLongBits(value) < 0 ? bits | 0x8000 : bits);
    }
}
