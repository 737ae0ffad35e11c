package dev.gnserve.image;

import java.io.IOException;

/**
 * Takes apart the rows of a YCbCr page that is not compressed as JPEG (TIFF 6.0, section 21): units of luma samples, each with one
 * sample of either chroma, which stands for all pixels of the unit.
 */
final class TiffUnits {

    private static final double[] USUAL_COEFFICIENTS = {0.299, 0.587, 0.114};
    private static final double[] USUAL_RANGES = {0, 255, 128, 255, 128, 255};
    private static final double SMALL = 0.01;
    private static final int MOST_SAMPLING = 4;

    private final int across;
    private final int down;
    private final int unitBytes;

    TiffUnits(TiffDirectory directory) throws IOException {
        long[] sampling = directory.numbers(TiffTag.SUBSAMPLING, 2);
        this.across = sampling.length < 2 ? 2 : (int) sampling[0];
        this.down = sampling.length < 2 ? 2 : (int) sampling[1];
        if (across < 1 || across > MOST_SAMPLING || down < 1 || down > MOST_SAMPLING) {
            throw new UnsupportedImageException(
                    "its chroma has a sample for %d x %d pixels; save it as RGB".formatted(across, down));
        }
        requireUsual(directory, TiffTag.COEFFICIENTS, USUAL_COEFFICIENTS);
        requireUsual(directory, TiffTag.REFERENCE_BLACK_WHITE, USUAL_RANGES);
        this.unitBytes = across * down + 2;
    }

    private static void requireUsual(TiffDirectory directory, int tag, double[] usual) throws IOException {
        double[] values = directory.ratios(tag, usual.length);
        for (int i = 0; i < values.length; i++) {
            if (Math.abs(values[i] - usual[i]) > SMALL) {
                throw new UnsupportedImageException(
                        "its YCbCr is not that of JPEG: value %d of tag %d is %s where %s is usual; save it as RGB"
                                .formatted(i + 1, tag, values[i], usual[i]));
            }
        }
    }

    /** Rows of pixels in a row of units. */
    int rows() {
        return down;
    }

    /** Bytes of a row of units. */
    int rowBytes(int width) {
        return (width + across - 1) / across * unitBytes;
    }

    /**
     * Puts luma and chroma of a row of units into the picture.
     *
     * @param samples [height, width, 3] of the picture
     * @param at index of the first sample
     * @param stride samples from a pixel to the one below
     */
    void take(byte[] row, byte[] samples, int at, int stride, int columns, int rows) {
        for (int y = 0; y < rows; y++) {
            int out = at + y * stride;
            for (int x = 0; x < columns; x++, out += 3) {
                int unit = x / across * unitBytes;
                samples[out] = row[unit + y * across + x % across];
                samples[out + 1] = row[unit + unitBytes - 2];
                samples[out + 2] = row[unit + unitBytes - 1];
            }
        }
    }
}
