package dev.gnserve.image;

import java.awt.image.DataBufferByte;
import java.awt.image.Raster;

/** From the stored components of a JPEG file to gray or RGB, with the integer arithmetic of libjpeg and Pillow. */
final class JpegColors {

    // libjpeg's jdcolor.c: 1.402, 0.71414, 0.34414 and 1.772 with 16 fraction bits.
    private static final int HALF = 1 << 15;
    private static final int CR_TO_RED = 91881;
    private static final int CR_TO_GREEN = 46802;
    private static final int CB_TO_GREEN = 22554;
    private static final int CB_TO_BLUE = 116130;

    private JpegColors() {}

    /** The image of a raster of interleaved bytes, whose array becomes the image's. */
    static UprightImage convert(Raster raster, JpegStructure structure) throws CorruptImageException {
        int width = raster.getWidth();
        int height = raster.getHeight();
        byte[] samples = ((DataBufferByte) raster.getDataBuffer()).getData();
        int components = structure.components();
        if (components != raster.getNumBands() || samples.length != width * height * components) {
            throw new CorruptImageException("its frames do not agree in their components");
        }
        if (components == 1) {
            return UprightImage.of8Bit(width, height, 1, samples);
        }
        if (structure.isLumaChroma()) {
            lumaChromaToRgb(samples, components);
        }
        if (components == 3) {
            return UprightImage.of8Bit(width, height, 3, samples);
        }
        // JPEG stores ink inverted, by Adobe's convention: 255 is no ink. Of YCCK, that is only K after the conversion.
        for (int i = 0; i < samples.length; i++) {
            if ((i & 3) == 3 || !structure.isLumaChroma()) {
                samples[i] = (byte) ~samples[i];
            }
        }
        return UprightImage.of8Bit(width, height, 3, inkToRgb(samples));
    }

    /** The image of the samples of a TIFF page, which says what they stand for; the array becomes the image's. */
    static UprightImage convert(byte[] samples, TiffPage page) {
        int width = page.width();
        int height = page.height();
        if (page.samples().photometric() == TiffSamples.YCBCR) {
            lumaChromaToRgb(samples, 3);
        } else if (page.samples().photometric() == TiffSamples.WHITE_IS_ZERO) {
            for (int i = 0; i < samples.length; i++) {
                samples[i] = (byte) ~samples[i];
            }
        }
        UprightImage image = page.samples().count() == 4
                ? UprightImage.of8Bit(width, height, 3, inkToRgb(samples))
                : UprightImage.of8Bit(width, height, page.samples().count(), samples);
        return page.samples().photometric() == TiffSamples.WHITE_IS_ZERO
                ? image.withScale(new FileScale(0xFF, true))
                : image;
    }

    /** Converts in place the first three of every {@code step} samples. */
    static void lumaChromaToRgb(byte[] samples, int step) {
        for (int i = 0; i + 2 < samples.length; i += step) {
            int luma = samples[i] & 0xFF;
            int cb = (samples[i + 1] & 0xFF) - 128;
            int cr = (samples[i + 2] & 0xFF) - 128;
            samples[i] = clamp(luma + ((CR_TO_RED * cr + HALF) >> 16));
            samples[i + 1] = clamp(luma + ((HALF - CB_TO_GREEN * cb - CR_TO_GREEN * cr) >> 16));
            samples[i + 2] = clamp(luma + ((CB_TO_BLUE * cb + HALF) >> 16));
        }
    }

    private static byte clamp(int value) {
        return (byte) Math.max(0, Math.min(255, value));
    }

    /** Ink to light by the plain formula of Pillow, without an ink profile; 255 is full ink. */
    static byte[] inkToRgb(byte[] samples) {
        byte[] rgb = new byte[samples.length / 4 * 3];
        for (int in = 0, out = 0; in < samples.length; in += 4, out += 3) {
            int light = 255 - (samples[in + 3] & 0xFF);
            for (int c = 0; c < 3; c++) {
                int product = (samples[in + c] & 0xFF) * light + 128;
                rgb[out + c] = (byte) (light - (((product >> 8) + product) >> 8));
            }
        }
        return rgb;
    }
}
