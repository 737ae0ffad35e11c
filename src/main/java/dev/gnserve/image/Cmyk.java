package dev.gnserve.image;

import java.awt.image.Raster;

/** CMYK samples of a JPEG file to RGB, by the plain formula that Pillow uses: no ink profile, so that nothing differs. */
final class Cmyk {

    private Cmyk() {}

    /**
     * RGB from the four stored channels.
     *
     * @param ycck whether the first three are YCbCr (Adobe transform 2)
     */
    static UprightImage toRgb(Raster raster, boolean ycck) {
        int width = raster.getWidth();
        int height = raster.getHeight();
        byte[] rgb = new byte[width * height * 3];
        int[] row = new int[width * 4];
        int out = 0;
        for (int y = 0; y < height; y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int i = 0; i < row.length; i += 4) {
                int cyan = row[i];
                int magenta = row[i + 1];
                int yellow = row[i + 2];
                if (ycck) {
                    double luma = row[i];
                    double cb = row[i + 1] - 128;
                    double cr = row[i + 2] - 128;
                    cyan = 255 - clamp(luma + 1.402 * cr);
                    magenta = 255 - clamp(luma - 0.344136286 * cb - 0.714136286 * cr);
                    yellow = 255 - clamp(luma + 1.772 * cb);
                }
                // Ink is stored inverted, by Adobe's convention: 255 is no ink, and the product is the light left.
                int light = row[i + 3];
                rgb[out++] = (byte) remaining(cyan, light);
                rgb[out++] = (byte) remaining(magenta, light);
                rgb[out++] = (byte) remaining(yellow, light);
            }
        }
        return UprightImage.of8Bit(width, height, 3, rgb);
    }

    /** light - (255 - inverted ink) * light / 255, with the rounded division of eight-bit arithmetic. */
    private static int remaining(int invertedInk, int light) {
        int product = (255 - invertedInk) * light + 128;
        return light - (((product >> 8) + product) >> 8);
    }

    private static int clamp(double value) {
        return (int) Math.max(0, Math.min(255, Math.round(value)));
    }
}
