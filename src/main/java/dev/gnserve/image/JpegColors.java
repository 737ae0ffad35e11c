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
        int components = raster.getNumBands();
        if (components != structure.components() || samples.length != width * height * components) {
            throw new CorruptImageException("its frames do not agree in their components");
        }
        return switch (components) {
            case 1 -> UprightImage.of8Bit(width, height, 1, samples);
            case 3 -> {
                if (structure.isLumaChroma()) {
                    lumaChromaToRgb(samples, 3);
                }
                yield UprightImage.of8Bit(width, height, 3, samples);
            }
            case 4 -> {
                if (structure.isLumaChroma()) {
                    lumaChromaToRgb(samples, 4);
                    invertColors(samples);
                }
                yield UprightImage.of8Bit(width, height, 3, inkToRgb(samples));
            }
            default ->
                throw new CorruptImageException(
                        "it has %d components; gray, colour and CMYK are read".formatted(components));
        };
    }

    private static void lumaChromaToRgb(byte[] samples, int step) {
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

    /** The first three components of YCCK stand for the complement of what YCbCr would give. */
    private static void invertColors(byte[] samples) {
        for (int i = 0; i < samples.length; i += 4) {
            samples[i] = (byte) ~samples[i];
            samples[i + 1] = (byte) ~samples[i + 1];
            samples[i + 2] = (byte) ~samples[i + 2];
        }
    }

    /**
     * Ink to light by the plain formula of Pillow, without an ink profile. JPEG stores ink inverted, by Adobe's
     * convention: 255 is no ink.
     */
    private static byte[] inkToRgb(byte[] samples) {
        byte[] rgb = new byte[samples.length / 4 * 3];
        for (int in = 0, out = 0; in < samples.length; in += 4, out += 3) {
            int light = samples[in + 3] & 0xFF;
            for (int c = 0; c < 3; c++) {
                int product = (255 - (samples[in + c] & 0xFF)) * light + 128;
                rgb[out + c] = (byte) (light - (((product >> 8) + product) >> 8));
            }
        }
        return rgb;
    }
}
