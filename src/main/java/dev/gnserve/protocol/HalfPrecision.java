package dev.gnserve.protocol;

/** Converts numbers to IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
final class HalfPrecision {

    /** Halfway between the largest finite value, 65504, and the next power of two. */
    private static final double OVERFLOW = 65_520;

    private static final int SMALLEST_NORMAL_EXPONENT = -14;

    private HalfPrecision() {}

    static boolean fits(double value) {
        return Math.abs(value) < OVERFLOW;
    }

    /** Rounds once, to the nearest, ties to even: scaling by a power of two is exact. */
    static short bits(double value) {
        double magnitude = Math.abs(value);
        int exponent = Math.max(SMALLEST_NORMAL_EXPONENT, Math.getExponent(magnitude));
        // 1024 to 2048 for normal values, less for subnormal ones. The addition below carries 2048 into the exponent.
        int fraction = (int) Math.rint(Math.scalb(magnitude, 10 - exponent));
        int bits = ((exponent - SMALLEST_NORMAL_EXPONENT) << 10) + fraction;
        return (short) (Double.doubleToRawLongBits(value) < 0 ? bits | 0x8000 : bits);
    }
}
