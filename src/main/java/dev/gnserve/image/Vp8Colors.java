package dev.gnserve.image;

/** From the planes of VP8 to RGB, with the interpolation of chroma and the integer arithmetic of libwebp. */
final class Vp8Colors {

    private final byte[][] planes;
    private final int stride;
    private final int width;
    private final int height;
    private final byte[] samples;
    /** Chroma of each pixel of a row. */
    private final int[] blue;

    private final int[] red;

    private Vp8Colors(byte[][] planes, int stride, int width, int height) {
        this.planes = planes;
        this.stride = stride;
        this.width = width;
        this.height = height;
        this.samples = new byte[3 * width * height];
        this.blue = new int[width];
        this.red = new int[width];
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

    private void row(int y) {
        int rows = (height + 1) / 2;
        int near = y / 2 * (stride / 2);
        int farRow = (y & 1) == 0 ? y / 2 - 1 : y / 2 + 1;
        int far = Math.max(0, Math.min(rows - 1, farRow)) * (stride / 2);
        interpolate(planes[1], near, far, blue);
        interpolate(planes[2], near, far, red);
        byte[] from = planes[0];
        byte[] to = samples;
        int at = y * stride;
        int out = 3 * y * width;
        for (int x = 0; x < width; x++, out += 3) {
            int luma = ((from[at + x] & 0xFF) * 19_077) >> 8;
            int u = blue[x];
            int v = red[x];
            to[out] = clamp(luma + ((v * 26_149) >> 8) - 14_234);
            to[out + 1] = clamp(luma - ((u * 6_419) >> 8) - ((v * 13_320) >> 8) + 8_708);
            to[out + 2] = clamp(luma + ((u * 33_050) >> 8) - 17_685);
        }
    }

    /** Each pixel has 9, 3, 3 and 1 sixteenths of the four chroma samples around it, and at the left and right edges 3 and 1 quarters of two. */
    private void interpolate(byte[] plane, int near, int far, int[] into) {
        int columns = (width + 1) / 2;
        int a = plane[near] & 0xFF;
        int c = plane[far] & 0xFF;
        into[0] = (3 * a + c + 2) >> 2;
        for (int column = 1, x = 1; column < columns; column++, x += 2) {
            int b = plane[near + column] & 0xFF;
            int d = plane[far + column] & 0xFF;
            into[x] = between(a, b, c, d);
            into[x + 1] = between(b, a, d, c);
            a = b;
            c = d;
        }
        if (width % 2 == 0) {
            into[width - 1] = (3 * a + c + 2) >> 2;
        }
    }

    /** The mean of the nearest, {@code a}, and of one diagonal, each rounded as libwebp does. */
    private static int between(int a, int b, int c, int d) {
        int diagonal = (a + 3 * b + 3 * c + d + 8) >> 3;
        return (a + diagonal) >> 1;
    }

    private static byte clamp(int value) {
        return (byte) Math.max(0, Math.min(255, value >> 6));
    }
}
