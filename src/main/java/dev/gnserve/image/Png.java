package dev.gnserve.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes PNG files (ISO/IEC 15948): masks, label maps and pictures. Row by row and with a fixed filter, so that the same
 * picture always gives the same bytes and costs little time.
 */
public final class Png {

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    private static final int GRAY = 0;
    private static final int RGB = 2;
    private static final int FILTER_SUB = 1;
    private static final int FILTER_UP = 2;

    private Png() {}

    /** A 1-channel, 8-bit PNG of the whole picture: 255 where a label is, 0 elsewhere. */
    public static byte[] mask(LabelMap map, int label) {
        return mask(map, label, map.everything());
    }

    /** A 1-channel, 8-bit PNG of the whole picture: 255 where a label is within a region, 0 elsewhere. */
    public static byte[] mask(LabelMap map, int label, LabelMap.Region region) {
        region.requireWithin(map);
        int[] labels = new int[region.width()];
        return encode(map.width(), map.height(), 8, GRAY, FILTER_UP, (y, row) -> {
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
        return encode(map.width(), map.height(), 8, GRAY, FILTER_UP, (y, row) -> {
            map.row(0, y, labels, labels.length);
            for (int x = 0; x < labels.length; x++) {
                row[x] = (byte) within(labels[x], 0xFF);
            }
        });
    }

    /** A 1-channel, 16-bit PNG whose values are the labels. */
    public static byte[] labels16(LabelMap map) {
        int[] labels = new int[map.width()];
        return encode(map.width(), map.height(), 16, GRAY, FILTER_UP, (y, row) -> {
            map.row(0, y, labels, labels.length);
            for (int x = 0; x < labels.length; x++) {
                int value = within(labels[x], 0xFFFF);
                row[2 * x] = (byte) (value >> 8);
                row[2 * x + 1] = (byte) value;
            }
        });
    }

    /** A 3-channel, 8-bit PNG. */
    static byte[] rgb(int width, int height, byte[] samples) {
        return encode(
                width,
                height,
                8,
                RGB,
                FILTER_SUB,
                (y, row) -> System.arraycopy(samples, y * row.length, row, 0, row.length));
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

    private static byte[] encode(int width, int height, int bits, int colorType, int filter, Rows rows) {
        int pixelBytes = (colorType == RGB ? 3 : 1) * bits / 8;
        ByteArrayOutputStream png = new ByteArrayOutputStream(1 << 12);
        png.writeBytes(SIGNATURE);
        chunk(
                png,
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(width)
                        .putInt(height)
                        .put((byte) bits)
                        .put((byte) colorType)
                        .array(),
                13);
        Deflater deflater = new Deflater(4);
        try {
            byte[] compressed = new byte[1 << 15];
            byte[] line = new byte[1 + width * pixelBytes];
            byte[] row = new byte[width * pixelBytes];
            byte[] above = new byte[width * pixelBytes];
            line[0] = (byte) filter;
            for (int y = 0; y <= height; y++) {
                if (y < height) {
                    Arrays.fill(row, (byte) 0);
                    rows.fill(y, row);
                    for (int i = 0; i < row.length; i++) {
                        int before = filter == FILTER_UP ? above[i] : i < pixelBytes ? 0 : row[i - pixelBytes];
                        line[1 + i] = (byte) (row[i] - before);
                    }
                    byte[] spare = above;
                    above = row;
                    row = spare;
                    deflater.setInput(line);
                } else {
                    deflater.finish();
                }
                int count;
                while ((count = deflater.deflate(compressed)) > 0) {
                    chunk(png, "IDAT", compressed, count);
                }
            }
        } finally {
            deflater.end();
        }
        chunk(png, "IEND", new byte[0], 0);
        return png.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream png, String type, byte[] data, int length) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data, 0, length);
        png.writeBytes(ByteBuffer.allocate(4).putInt(length).array());
        png.writeBytes(name);
        png.write(data, 0, length);
        png.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }
}
