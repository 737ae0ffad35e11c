package dev.gnserve.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes planes of float32 as files that keep every bit: NumPy arrays and TIFF. */
public final class FloatFiles {

    private static final byte[] NPY = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};

    /** The values of an .npy file begin at a multiple of this. */
    private static final int NPY_ALIGNMENT = 64;

    private static final int TIFF_SHORT = 3;
    private static final int TIFF_LONG = 4;

    private FloatFiles() {}

    /** A NumPy array [height, width] (format 1.0, float32, little-endian, C order) of one channel. */
    public static byte[] npy(PlanarImage image, int channel) {
        String shape = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }"
                .formatted(image.height(), image.width());
        int used = NPY.length + 2 + shape.length() + 1;
        int header = (used + NPY_ALIGNMENT - 1) / NPY_ALIGNMENT * NPY_ALIGNMENT;
        byte[] bytes = file(header, image);
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.put(NPY).putShort((short) (header - NPY.length - 2)).put(shape.getBytes(StandardCharsets.US_ASCII));
        while (file.position() < header - 1) {
            file.put((byte) ' ');
        }
        file.put((byte) '\n');
        fill(file, image, channel);
        return bytes;
    }

    /** A TIFF (revision 6.0, little-endian, one strip without compression, SampleFormat 3: IEEE floating point) of one channel. */
    public static byte[] tiff(PlanarImage image, int channel) {
        int strip = Math.multiplyExact(image.width() * image.height(), Float.BYTES);
        int[][] entries = {
            {256, TIFF_LONG, image.width()},
            {257, TIFF_LONG, image.height()},
            {258, TIFF_SHORT, Float.SIZE}, // BitsPerSample
            {259, TIFF_SHORT, 1}, // Compression: none
            {262, TIFF_SHORT, 1}, // PhotometricInterpretation: black is zero
            {273, TIFF_LONG, 0}, // StripOffsets, see below
            {277, TIFF_SHORT, 1}, // SamplesPerPixel
            {278, TIFF_LONG, image.height()}, // RowsPerStrip
            {279, TIFF_LONG, strip}, // StripByteCounts
            {339, TIFF_SHORT, 3}, // SampleFormat
        };
        int header = 8 + 2 + 12 * entries.length + 4 + 2; // Two more bytes: the strip begins at a multiple of four.
        byte[] bytes = file(header, image);
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) entries.length);
        for (int[] entry : entries) {
            file.putShort((short) entry[0]).putShort((short) entry[1]).putInt(1);
            file.putInt(entry[0] == 273 ? header : entry[2]);
        }
        file.putInt(0); // No further page.
        file.position(header);
        fill(file, image, channel);
        return bytes;
    }

    private static byte[] file(int header, PlanarImage image) {
        return new byte[Math.addExact(header, Math.multiplyExact(image.width() * image.height(), Float.BYTES))];
    }

    private static void fill(ByteBuffer file, PlanarImage image, int channel) {
        int pixels = image.width() * image.height();
        file.asFloatBuffer().put(image.values(), channel * pixels, pixels);
    }
}
