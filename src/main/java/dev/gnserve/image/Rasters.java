package dev.gnserve.image;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.DataBufferUShort;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.util.Arrays;

/** Takes the samples out of what the decoders return, without a colour conversion where they are gray or RGB already. */
final class Rasters {

    private Rasters() {}

    static UprightImage toImage(BufferedImage decoded) throws CorruptImageException {
        Raster raster = decoded.getRaster();
        ColorModel colors = decoded.getColorModel();
        if (colors instanceof IndexColorModel palette) {
            return fromPalette(raster, palette);
        }
        int type = raster.getDataBuffer().getDataType();
        int channels = colors.getNumColorComponents();
        boolean plain = channels == 1 || channels == 3;
        if (plain && type == DataBuffer.TYPE_BYTE && colors.getComponentSize(0) == 8) {
            return from8Bit(raster, channels);
        }
        if (plain && type == DataBuffer.TYPE_USHORT && colors.getComponentSize(0) == 16) {
            return from16Bit(raster, channels);
        }
        if (type == DataBuffer.TYPE_FLOAT || type == DataBuffer.TYPE_DOUBLE || type == DataBuffer.TYPE_SHORT) {
            throw new CorruptImageException("its samples are not unsigned 8 or 16 bit values; save it as one of these");
        }
        return fromColors(decoded);
    }

    private static UprightImage from8Bit(Raster raster, int channels) {
        int width = raster.getWidth();
        int height = raster.getHeight();
        if (raster.getSampleModel() instanceof PixelInterleavedSampleModel layout
                && raster.getDataBuffer() instanceof DataBufferByte buffer
                && buffer.getNumBanks() == 1
                && raster.getSampleModelTranslateX() == 0
                && raster.getSampleModelTranslateY() == 0) {
            byte[] samples = buffer.getData();
            return UprightImage.of8Bit(
                    width, height, channels, pack(samples, buffer.getOffset(), layout, width, height, channels));
        }
        byte[] samples = new byte[width * height * channels];
        int[] band = new int[width];
        for (int c = 0; c < channels; c++) {
            for (int y = 0; y < height; y++) {
                raster.getSamples(raster.getMinX(), raster.getMinY() + y, width, 1, c, band);
                for (int x = 0; x < width; x++) {
                    samples[(y * width + x) * channels + c] = (byte) band[x];
                }
            }
        }
        return UprightImage.of8Bit(width, height, channels, samples);
    }

    /** Interleaved samples in the order of the bands without gaps; in place where the decoder's array has that size. */
    private static byte[] pack(
            byte[] from, int origin, PixelInterleavedSampleModel layout, int width, int height, int channels) {
        int[] offsets = layout.getBandOffsets();
        int pixelStride = layout.getPixelStride();
        int rowStride = layout.getScanlineStride();
        boolean dense = origin == 0 && pixelStride == channels && rowStride == width * channels;
        byte[] to = dense && from.length == width * height * channels ? from : new byte[width * height * channels];
        if (channels == 1) {
            if (to != from) {
                for (int y = 0, out = 0; y < height; y++) {
                    int in = origin + y * rowStride + offsets[0];
                    for (int x = 0; x < width; x++, in += pixelStride) {
                        to[out++] = from[in];
                    }
                }
            }
            return to;
        }
        int red = offsets[0];
        int green = offsets[1];
        int blue = offsets[2];
        if (to == from && red == 0 && green == 1 && blue == 2) {
            return to;
        }
        for (int y = 0, out = 0; y < height; y++) {
            int in = origin + y * rowStride;
            for (int x = 0; x < width; x++, in += pixelStride, out += 3) {
                byte r = from[in + red];
                byte g = from[in + green];
                byte b = from[in + blue];
                to[out] = r;
                to[out + 1] = g;
                to[out + 2] = b;
            }
        }
        return to;
    }

    private static UprightImage from16Bit(Raster raster, int channels) {
        int width = raster.getWidth();
        int height = raster.getHeight();
        if (raster.getSampleModel() instanceof PixelInterleavedSampleModel layout
                && raster.getDataBuffer() instanceof DataBufferUShort buffer
                && buffer.getData().length == width * height * channels
                && Arrays.equals(layout.getBandOffsets(), channels == 1 ? new int[] {0} : new int[] {0, 1, 2})) {
            return UprightImage.of16Bit(width, height, channels, buffer.getData());
        }
        short[] samples = new short[width * height * channels];
        int[] band = new int[width];
        for (int c = 0; c < channels; c++) {
            for (int y = 0; y < height; y++) {
                raster.getSamples(raster.getMinX(), raster.getMinY() + y, width, 1, c, band);
                for (int x = 0; x < width; x++) {
                    samples[(y * width + x) * channels + c] = (short) band[x];
                }
            }
        }
        return UprightImage.of16Bit(width, height, channels, samples);
    }

    private static UprightImage fromPalette(Raster raster, IndexColorModel palette) {
        int width = raster.getWidth();
        int height = raster.getHeight();
        int[] colors = new int[palette.getMapSize()];
        palette.getRGBs(colors);
        boolean gray = true;
        for (int color : colors) {
            gray &= (color >> 16 & 0xFF) == (color >> 8 & 0xFF) && (color >> 8 & 0xFF) == (color & 0xFF);
        }
        int channels = gray ? 1 : 3;
        byte[] samples = new byte[width * height * channels];
        int[] row = new int[width];
        int out = 0;
        for (int y = 0; y < height; y++) {
            raster.getSamples(raster.getMinX(), raster.getMinY() + y, width, 1, 0, row);
            for (int x = 0; x < width; x++) {
                int color = row[x] < colors.length ? colors[row[x]] : 0;
                if (!gray) {
                    samples[out++] = (byte) (color >> 16);
                    samples[out++] = (byte) (color >> 8);
                }
                samples[out++] = (byte) color;
            }
        }
        return UprightImage.of8Bit(width, height, channels, samples);
    }

    /** Any other colour model, by its own conversion to sRGB, row by row. */
    private static UprightImage fromColors(BufferedImage decoded) {
        int width = decoded.getWidth();
        int height = decoded.getHeight();
        byte[] samples = new byte[width * height * 3];
        int[] row = new int[width];
        int out = 0;
        for (int y = 0; y < height; y++) {
            decoded.getRGB(0, y, width, 1, row, 0, width);
            for (int color : row) {
                samples[out++] = (byte) (color >> 16);
                samples[out++] = (byte) (color >> 8);
                samples[out++] = (byte) color;
            }
        }
        return UprightImage.of8Bit(width, height, 3, samples);
    }
}
