package dev.gnserve.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Files made by code, and parts of files. */
final class Pictures {

    private Pictures() {}

    /** A black picture of a type of {@link BufferedImage} in a format of the JDK. */
    static byte[] black(String format, int width, int height, int type) {
        return write(format, new BufferedImage(width, height, type), false);
    }

    static byte[] grayJpeg(int width, int height) {
        return black("jpeg", width, height, BufferedImage.TYPE_BYTE_GRAY);
    }

    static byte[] progressiveJpeg(int width, int height) {
        return write("jpeg", new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY), true);
    }

    private static byte[] write(String format, BufferedImage image, boolean progressive) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam settings = writer.getDefaultWriteParam();
            if (progressive) {
                settings.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
            }
            writer.setOutput(stream);
            writer.write(null, new IIOImage(image, null, null), settings);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** A JPEG whose header says another size. */
    static byte[] resized(byte[] jpeg, int width, int height) {
        byte[] resized = jpeg.clone();
        int frame = find(jpeg, 0xC0) >= 0 ? find(jpeg, 0xC0) : find(jpeg, 0xC2);
        ByteBuffer.wrap(resized).putShort(frame + 5, (short) height).putShort(frame + 7, (short) width);
        return resized;
    }

    /** A JPEG whose last scan comes so many times. */
    static byte[] manyScans(byte[] jpeg, int times) {
        int scan = jpeg.length;
        do {
            scan--;
        } while (jpeg[scan] != (byte) 0xFF || jpeg[scan + 1] != (byte) 0xDA);
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        many.write(jpeg, 0, scan);
        for (int i = 0; i < times; i++) {
            many.write(jpeg, scan, jpeg.length - 2 - scan);
        }
        many.write(jpeg, jpeg.length - 2, 2);
        return many.toByteArray();
    }

    /** Puts bytes into a file. */
    static byte[] insert(byte[] file, int at, byte[] part) {
        return ByteBuffer.allocate(file.length + part.length)
                .put(file, 0, at)
                .put(part)
                .put(file, at, file.length - at)
                .array();
    }

    /** So many times these bytes. */
    static byte[] repeat(byte[] part, int times) {
        byte[] all = new byte[part.length * times];
        for (int i = 0; i < times; i++) {
            System.arraycopy(part, 0, all, i * part.length, part.length);
        }
        return all;
    }

    static byte[] filled(int bytes, int value) {
        byte[] all = new byte[bytes];
        Arrays.fill(all, (byte) value);
        return all;
    }

    static byte[] deflated(byte[] bytes) {
        ByteArrayOutputStream small = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(small)) {
            out.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return small.toByteArray();
    }

    /** Where a marker of a JPEG begins, or -1. */
    static int find(byte[] jpeg, int marker) {
        for (int i = 0; i + 1 < jpeg.length; i++) {
            if (jpeg[i] == (byte) 0xFF && jpeg[i + 1] == (byte) marker) {
                return i;
            }
        }
        return -1;
    }

    /** A WebP file of these chunks. */
    static byte[] webp(byte[]... chunks) {
        int length = Arrays.stream(chunks).mapToInt(chunk -> chunk.length).sum();
        ByteBuffer file = ByteBuffer.allocate(12 + length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(ascii("RIFF")).putInt(4 + length).put(ascii("WEBP"));
        Arrays.stream(chunks).forEach(file::put);
        return file.array();
    }

    static byte[] chunk(String type, byte[] content) {
        return ByteBuffer.allocate(8 + content.length + (content.length & 1))
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(ascii(type))
                .putInt(content.length)
                .put(content)
                .array();
    }

    /** A chunk of lossless WebP whose pixels are all alike and take no bits, after these transforms. */
    static byte[] lossless(int width, int height, int... transforms) {
        Bits bits = new Bits();
        bits.put(0x2F, 8).put(width - 1, 14).put(height - 1, 14).put(0, 4);
        for (int transform : transforms) {
            bits.put(1, 1).put(transform, 2);
            switch (transform) {
                // The largest blocks, all of one value, or 256 colours.
                case 0, 1 -> bits.put(7, 3).put(0, 1).oneValue();
                case 3 -> bits.put(255, 8).put(0, 1).oneValue();
                default -> {}
            }
        }
        bits.put(0, 1).put(0, 1).put(0, 1).oneValue();
        return chunk("VP8L", bits.bytes());
    }

    private static final class Bits {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private int held;
        private int count;

        Bits put(int value, int length) {
            for (int i = 0; i < length; i++) {
                held |= (value >> i & 1) << count++;
                if (count == 8) {
                    bytes.write(held);
                    held = 0;
                    count = 0;
                }
            }
            return this;
        }

        /** Five codes of one symbol, which needs no bits. */
        Bits oneValue() {
            for (int code = 0; code < 5; code++) {
                put(1, 1).put(0, 1).put(1, 1).put(code == 4 ? 0 : 7, 8);
            }
            return this;
        }

        byte[] bytes() {
            put(0, 7);
            return bytes.toByteArray();
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
