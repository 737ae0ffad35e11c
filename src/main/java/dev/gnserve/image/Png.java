package dev.gnserve.image;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.DataBufferUShort;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Writes PNG files: masks, label maps and pictures. The same picture always gives the same bytes. */
public final class Png {

    /** Little time for most of the gain: level 4 of 9. */
    private static final float QUALITY = 5 / 9f;

    private Png() {}

    /** A 1-channel, 8-bit PNG of the whole picture: 255 where a label is, 0 elsewhere. */
    public static byte[] mask(LabelMap map, int label) {
        return mask(map, label, map.everything());
    }

    /** A 1-channel, 8-bit PNG of the whole picture: 255 where a label is within a region, 0 elsewhere. */
    public static byte[] mask(LabelMap map, int label, LabelMap.Region region) {
        region.requireWithin(map);
        int[] labels = new int[region.width()];
        return encode(map.width(), map.height(), (y, row) -> {
            if (y >= region.y() && y < region.y() + region.height()) {
                map.row(region.x(), y, labels, labels.length);
                for (int x = 0; x < labels.length; x++) {
                    row[region.x() + x] = labels[x] == label ? (byte) 0xFF : 0;
                }
            }
        });
    }

    /** A 1-channel, 8-bit PNG whose values are the labels. */
    public static byte[] labels8(LabelMap map) {
        int[] labels = new int[map.width()];
        return encode(map.width(), map.height(), (y, row) -> {
            map.row(0, y, labels, labels.length);
            for (int x = 0; x < labels.length; x++) {
                row[x] = (byte) within(labels[x], 0xFF);
            }
        });
    }

    /** A 1-channel, 16-bit PNG whose values are the labels. */
    public static byte[] labels16(LabelMap map) {
        int width = map.width();
        int[] labels = new int[width];
        short[] samples = new short[width * map.height()];
        for (int y = 0; y < map.height(); y++) {
            map.row(0, y, labels, width);
            for (int x = 0; x < width; x++) {
                samples[y * width + x] = (short) within(labels[x], 0xFFFF);
            }
        }
        return gray16(width, map.height(), samples);
    }

    /** A 1-channel, 16-bit PNG. */
    static byte[] gray16(int width, int height, short[] samples) {
        DataBuffer buffer = new DataBufferUShort(samples, samples.length);
        return write(image(ColorSpace.CS_GRAY, DataBuffer.TYPE_USHORT, buffer, width, height, 0));
    }

    /** A 3-channel, 8-bit PNG. */
    static byte[] rgb(int width, int height, byte[] samples) {
        DataBuffer buffer = new DataBufferByte(samples, samples.length);
        return write(image(ColorSpace.CS_sRGB, DataBuffer.TYPE_BYTE, buffer, width, height, 0, 1, 2));
    }

    private static int within(int label, int most) {
        if (label < 0 || label > most) {
            throw new IllegalArgumentException("label %d is not within 0..%d".formatted(label, most));
        }
        return label;
    }

    private interface Rows {
        /** Fills a row that is all zeros. */
        void fill(int y, byte[] row);
    }

    private static byte[] encode(int width, int height, Rows rows) {
        byte[] samples = new byte[width * height];
        byte[] row = new byte[width];
        for (int y = 0; y < height; y++) {
            Arrays.fill(row, (byte) 0);
            rows.fill(y, row);
            System.arraycopy(row, 0, samples, y * width, width);
        }
        return write(image(
                ColorSpace.CS_GRAY,
                DataBuffer.TYPE_BYTE,
                new DataBufferByte(samples, samples.length),
                width,
                height,
                0));
    }

    private static BufferedImage image(int space, int type, DataBuffer samples, int width, int height, int... bands) {
        WritableRaster raster =
                Raster.createInterleavedRaster(samples, width, height, width * bands.length, bands.length, bands, null);
        ColorModel colors =
                new ComponentColorModel(ColorSpace.getInstance(space), false, false, Transparency.OPAQUE, type);
        return new BufferedImage(colors, raster, false, null);
    }

    private static byte[] write(BufferedImage image) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        ByteArrayOutputStream png = new ByteArrayOutputStream(1 << 12);
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(png)) {
            ImageWriteParam settings = writer.getDefaultWriteParam();
            settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            settings.setCompressionQuality(QUALITY);
            writer.setOutput(stream);
            writer.write(null, new IIOImage(image, null, null), settings);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        } finally {
            writer.dispose();
        }
        return png.toByteArray();
    }
}
