package dev.gnserve.image;

/**
 * Turns the rows of a TIFF page into floats: signed or floating-point samples, or those of 32 bits (TIFF 6.0, section 14; TIFF
 * Technical Note 3). Integers of 32 bits and doubles become the nearest float.
 */
final class TiffNumbers {

    private static final int HORIZONTAL_DIFFERENCES = 2;
    private static final int BYTE_DIFFERENCES = 3;

    private final TiffSamples samples;
    private final boolean bigEndian;
    private final int predictor;
    private final int step;
    private final byte[] shuffled;

    /**
     * @param predictor 1 for none
     * @param step samples of a pixel in a row
     */
    TiffNumbers(TiffSamples samples, boolean bigEndian, int predictor, int step, int rowBytes) {
        this.samples = samples;
        // Bytes that were taken apart are put together from the highest.
        this.bigEndian = bigEndian || predictor == BYTE_DIFFERENCES;
        this.predictor = predictor;
        this.step = step;
        this.shuffled = new byte[predictor == BYTE_DIFFERENCES ? rowBytes : 0];
    }

    /** The numbers of a row, with those of its padding. */
    void unpack(byte[] row, float[] line) {
        if (predictor == BYTE_DIFFERENCES) {
            gather(row, line.length);
        }
        int bytes = samples.bits() / 8;
        if (samples.isFloat()) {
            for (int i = 0; i < line.length; i++) {
                line[i] = decimal(bits(row, i * bytes, bytes));
            }
            return;
        }
        long[] before = new long[step];
        for (int i = 0; i < line.length; i++) {
            long value = bits(row, i * bytes, bytes);
            if (predictor == HORIZONTAL_DIFFERENCES) {
                value += before[i % step];
                before[i % step] = value;
            }
            int shift = Long.SIZE - samples.bits();
            line[i] = samples.isSigned() ? value << shift >> shift : value << shift >>> shift;
        }
    }

    /** Adds the differences of bytes, and puts the bytes of each number together, which are far from each other. */
    private void gather(byte[] row, int count) {
        for (int i = step; i < row.length; i++) {
            row[i] += row[i - step];
        }
        int bytes = samples.bits() / 8;
        System.arraycopy(row, 0, shuffled, 0, row.length);
        for (int i = 0; i < count; i++) {
            for (int b = 0; b < bytes; b++) {
                row[i * bytes + b] = shuffled[b * count + i];
            }
        }
    }

    private long bits(byte[] row, int at, int bytes) {
        long value = 0;
        for (int b = 0; b < bytes; b++) {
            value = value << 8 | (row[at + (bigEndian ? b : bytes - 1 - b)] & 0xFF);
        }
        return value;
    }

    private float decimal(long bits) {
        return switch (samples.bits()) {
            case 16 -> half((int) bits);
            case 32 -> Float.intBitsToFloat((int) bits);
            default -> (float) Double.longBitsToDouble(bits);
        };
    }

    /** A number of 16 bits (IEEE 754): sign, five bits of exponent, ten of fraction. */
    static float half(int bits) {
        int exponent = bits >> 10 & 31;
        int fraction = bits & 0x3FF;
        float size;
        if (exponent == 31) {
            size = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else {
            size = exponent == 0 ? Math.scalb(fraction, -24) : Math.scalb(fraction + 1024, exponent - 25);
        }
        return bits >> 15 == 0 ? size : -size;
    }
}
