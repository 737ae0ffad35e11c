package dev.gnserve.badinput;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/** Images that no camera makes: small files that declare or hold much. */
public final class HostileImages {

    /** What a bomb becomes when it is inflated. */
    private static final int BOMB_BYTES = 300_000_000;

    private HostileImages() {}

    /** A sound file of src/test/resources/golden/images. */
    public static byte[] golden(String name) {
        try (InputStream in = HostileImages.class.getResourceAsStream("/golden/images/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A gray PNG of these sides, with image data for as many pixels as are said. */
    public static byte[] png(int width, int height, int pixelBytes) {
        return png(width, height, deflated(pixelBytes), new byte[0]);
    }

    /** A PNG of 8 x 8 whose compressed text or profile is a bomb. */
    public static byte[] pngWithBombIn(String chunk) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.writeBytes(new byte[] {'k', 0, 0});
        content.writeBytes(deflated(BOMB_BYTES));
        return png(8, 8, deflated(9 * 8), chunk(chunk, content.toByteArray()));
    }

    /** A PNG of 8 x 8 with texts that may hold an orientation, of 1 MB each when they are inflated. */
    public static byte[] pngWithTexts(String chunk, int count) {
        byte[] text = deflated(1 << 20);
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.writeBytes(
                chunk.equals("zTXt")
                        ? "Raw profile type exif\0\0".getBytes(StandardCharsets.US_ASCII)
                        : "XML:com.adobe.xmp\0\1\0\0\0".getBytes(StandardCharsets.US_ASCII));
        content.writeBytes(text);
        byte[] one = chunk(chunk, content.toByteArray());
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            all.writeBytes(one);
        }
        return png(8, 8, deflated(9 * 8), all.toByteArray());
    }

    /** A PNG of 8 x 8 with 300 MB of image data. */
    public static byte[] pngWithTooMuchData() {
        return png(8, 8, BOMB_BYTES);
    }

    private static byte[] png(int width, int height, byte[] data, byte[] more) {
        byte[] header = ByteBuffer.allocate(13)
                .putInt(width)
                .putInt(height)
                .put(new byte[] {8, 0, 0, 0, 0})
                .array();
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        png.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        png.writeBytes(chunk("IHDR", header));
        png.writeBytes(more);
        png.writeBytes(chunk("IDAT", data));
        png.writeBytes(chunk("IEND", new byte[0]));
        return png.toByteArray();
    }

    private static byte[] chunk(String type, byte[] content) {
        CRC32 crc = new CRC32();
        crc.update(ascii(type));
        crc.update(content);
        return ByteBuffer.allocate(12 + content.length)
                .putInt(content.length)
                .put(ascii(type))
                .put(content)
                .putInt((int) crc.getValue())
                .array();
    }

    /** A GIF of two colours whose frame of one pixel stands this many times at a place of a screen. */
    public static byte[] gif(int screenWidth, int screenHeight, int left, int top, int frames) {
        ByteBuffer gif = little(20 + 15 * frames)
                .put(ascii("GIF89a"))
                .putShort((short) screenWidth)
                .putShort((short) screenHeight)
                .put(new byte[] {(byte) 0x80, 0, 0, 0, 0, 0, -1, -1, -1});
        for (int i = 0; i < frames; i++) {
            gif.put((byte) ',').putShort((short) left).putShort((short) top);
            gif.putShort((short) 1).putShort((short) 1).put(new byte[] {0, 2, 2, 0x44, 1, 0});
        }
        return bytes(gif.put((byte) ';'));
    }

    /** A GIF whose comment has no end. */
    public static byte[] gifWithEndlessComment() {
        ByteBuffer gif = little(100_000).put(ascii("GIF89a")).put(new byte[] {5, 0, 5, 0, 0, 0, 0, '!', (byte) 0xFE});
        while (gif.hasRemaining()) {
            gif.put((byte) 0xFF);
        }
        return bytes(gif);
    }

    /**
     * A gray TIFF of 16 x 16 with its pixels from byte 512 on.
     *
     * @param tags that differ, by number: how many values, and the value or where they lie
     */
    public static byte[] tiff(Map<Integer, long[]> tags, byte[] data) {
        Map<Integer, long[]> all = new TreeMap<>(Map.of(
                256, new long[] {1, 16},
                257, new long[] {1, 16},
                258, new long[] {1, 8},
                259, new long[] {1, 1},
                262, new long[] {1, 1},
                273, new long[] {1, 512},
                277, new long[] {1, 1},
                278, new long[] {1, 16},
                279, new long[] {1, data.length}));
        all.putAll(tags);
        ByteBuffer tiff =
                little(512 + data.length).put(ascii("II*\0")).putInt(8).putShort((short) all.size());
        all.forEach((tag, value) -> tiff.putShort(tag.shortValue())
                .putShort((short) 4)
                .putInt((int) value[0])
                .putInt((int) value[1]));
        // The next directory is the first again: a chain without an end.
        tiff.putInt(8);
        tiff.position(512);
        return bytes(tiff.put(data));
    }

    /** A TIFF of 16 x 16 whose strip becomes 300 MB. */
    public static byte[] tiffWithBomb() {
        return tiff(Map.of(259, new long[] {1, 8}), deflated(BOMB_BYTES));
    }

    /** A TIFF of 16 x 16 with 250 tags of rational numbers that all lie on the same 300 kB. */
    public static byte[] tiffWithOverlappingValues() {
        byte[] tiff = tiff(Map.of(), new byte[300_000]);
        int entries = 250;
        ByteBuffer all = little(tiff.length + 6 + 12 * (9 + entries));
        all.put(tiff).putInt(4, tiff.length);
        all.putShort((short) (9 + entries)).put(tiff, 10, 9 * 12);
        for (int i = 0; i < entries; i++) {
            all.putShort((short) (50_000 + i))
                    .putShort((short) 5)
                    .putInt(300_000 / 8)
                    .putInt(512);
        }
        return bytes(all);
    }

    /** A PNG with an EXIF block of this TIFF structure. */
    public static byte[] pngWithExif(byte[] tiff) {
        return png(8, 8, deflated(9 * 8), chunk("eXIf", tiff));
    }

    /** The first 54 bytes of a bitmap. */
    public static byte[] bmp(int width, int height) {
        ByteBuffer bmp = little(54)
                .put(ascii("BM"))
                .putInt(54)
                .putInt(0)
                .putInt(54)
                .putInt(40)
                .putInt(width)
                .putInt(height)
                .putShort((short) 1)
                .putShort((short) 24);
        return bytes(bmp);
    }

    /** A JPEG that begins with a frame of 65,535 x 65,535. */
    public static byte[] hugeJpeg() {
        return new byte[] {-1, -40, -1, -64, 0, 11, 8, -1, -1, -1, -1, 1, 1, 0x11, 0};
    }

    /** 34 bytes that declare 65,536 groups of codes and end there. */
    public static byte[] webpWithGroupsOfCodes() {
        try (InputStream in = HostileImages.class.getResourceAsStream(
                "/dev/gnserve/image/ImageFuzzTestInputs/bytesGiveAnImageOrAFailure/webp-code-groups-without-bits")) {
            return Objects.requireNonNull(in).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Zeros, compressed by a thousand. */
    private static byte[] deflated(int zeros) {
        ByteArrayOutputStream small = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(small, new Deflater(Deflater.BEST_COMPRESSION))) {
            byte[] part = new byte[1 << 16];
            for (int left = zeros; left > 0; left -= part.length) {
                out.write(part, 0, Math.min(left, part.length));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return small.toByteArray();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] bytes(ByteBuffer all) {
        byte[] bytes = new byte[all.capacity()];
        all.rewind().get(bytes);
        return bytes;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
