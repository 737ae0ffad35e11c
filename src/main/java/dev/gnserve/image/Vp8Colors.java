package dev.gnserve.image;

/** From the planes of VP8 to RGB, with the interpolation of chroma and the integer arithmetic of libwebp. */
final class Vp8Colors {

    private final byte[][] planes;
    private final int stride;
    private final int width;
    private final int height;
    private final byte[] samples;

    private Vp8Colors(byte[][] planes, int stride, int width, int height) {
        this.planes = planes;
        this.stride = stride;
        this.width = width;
        this.height = height;
        this.samples = new byte[3 * width * height];
    }

    /**
     * The picture of luma and two planes of chroma, which have half of its rows and columns.
     *
     * @param stride bytes in a row of luma, twice as many as in one of chroma
     */
    static UprightImage convert(byte[][] planes, int stride, int width, int height, DecodeWork work) {
        Vp8Colors colors = new Vp8Colors(planes, stride, width, height);
        for (int y = 0; y < height; y++) {
            work.goOn();
            colors.row(y);
        }
        return UprightImage.of8Bit(width, height, 3, colors.samples);
    }

    /** Each pixel has 9, 3, 3 and 1 sixteenths of the four chroma samples around it. */
    private void row(int y) {
        int rows = (height + 1) / 2;
        int columns = (width + 1) / 2;
        int near = y / 2 * (stride / 2);
        int farRow = (y & 1) == 0 ? y / 2 - 1 : y / 2 + 1;
        int far = Math.max(0, Math.min(rows - 1, farRow)) * (stride / 2);
        int out = 3 * y * width;
        for (int x = 0; x < width; x++, out += 3) {
            int column = x / 2;
            int beside = Math.max(0, Math.min(columns - 1, (x & 1) == 0 ? column - 1 : column + 1));
            int u = between(planes[1], near, far, column, beside);
            int v = between(planes[2], near, far, column, beside);
            put(out, planes[0][y * stride + x] & 0xFF, u, v);
        }
    }

    private static int between(byte[] plane, int near, int far, int column, int beside) {
        int a = plane[near + column] & 0xFF;
        int b = plane[near + beside] & 0xFF;
        int c = plane[far + column] & 0xFF;
        int d = plane[far + beside] & 0xFF;
        if (column == beside) {
            return (3 * a + c + 2) >> 2;
        }
        // The mean of the nearest and of one diagonal, each rounded as libwebp does.
        int diagonal = (a + 3 * b + 3 * c + d + 8) >> 3;
        return (a + diagonal) >> 1;
    }

    private void put(int at, int y, int u, int v) {
        int luma = (y * 19_077) >> 8;
        samples[at] = clamp(luma + ((v * 26_149) >> 8) - 14_234);
        samples[at + 1] = clamp(luma - ((u * 6_419) >> 8) - ((v * 13_320) >> 8) + 8_708);
        samples[at + 2] = clamp(luma + ((u * 33_050) >> 8) - 17_685);
    }

    private static byte clamp(int value) {
        return (byte) Math.max(0, Math.min(255, value >> 6));
    }
}
