package dev.gnserve.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** What the chunks of a PNG file say (ISO/IEC 15948), read without decoding. */
final class PngStructure {

    private static final int SIGNATURE_BYTES = 8;
    private static final int IHDR = 0x49484452;
    private static final int PLTE = 0x504C5445;
    private static final int IDAT = 0x49444154;
    private static final int IEND = 0x49454E44;
    private static final int EXIF = 0x65584966;
    private static final int TEXT = 0x74455874;
    private static final int COMPRESSED_TEXT = 0x7A545874;
    private static final int INTERNATIONAL_TEXT = 0x69545874;
    private static final int ANIMATION = 0x6163544C;
    private static final int FRAME = 0x6663544C;

    /** Bit 5 of the first letter: decoders may skip the chunk. */
    private static final int ANCILLARY = 0x20000000;

    /** Deflate cannot make a byte stand for more, and a pixel takes a bit at least. */
    private static final long MOST_PIXELS_PER_BYTE = 8 * 1032;

    private static final int MOST_ORIENTATION = 8;

    private static final int GRAY = 0;
    private static final int PALETTE = 3;
    private static final int GRAY_ALPHA = 4;
    private static final int RGB_ALPHA = 6;

    private final Orientation orientation;
    private final int pictures;
    private final byte[] bare;

    private PngStructure(Orientation orientation, int pictures, byte[] bare) {
        this.orientation = orientation;
        this.pictures = pictures;
        this.bare = bare;
    }

    /** What decoding takes: the decoder's raster, samples made of it where it has alpha or a palette, and a turned copy. */
    static DecodeCost cost(byte[] bytes, ImageLimits limits) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        int width = file.getInt(16);
        int height = file.getInt(20);
        limits.check(ImageFormat.PNG, Integer.toUnsignedLong(width), Integer.toUnsignedLong(height));
        int bits = file.get(24);
        int kind = file.get(25);
        int alpha = kind == GRAY_ALPHA || kind == RGB_ALPHA ? 1 : 0;
        int channels = kind == GRAY || kind == GRAY_ALPHA ? 1 : 3;
        int stored = kind == PALETTE ? 1 : channels + alpha;
        int sampleBytes = bits > 8 ? 2 : 1;
        boolean inPlace = stored == channels && bits >= 8;
        // How it is turned is at the end of the file: the cost is that of one that is.
        double perPixel = DecodeCost.perPixel(
                stored * sampleBytes, channels * sampleBytes, inPlace, Orientation.ofExif(MOST_ORIENTATION));
        return DecodeCost.of(width, height, perPixel, bytes.length);
    }

    Orientation orientation() {
        return orientation;
    }

    /** Frames of an animation (APNG), and the picture before them if it is not the first of them; otherwise 1. */
    int pictures() {
        return pictures;
    }

    /** The file with nothing but what makes the pixels: no text to inflate, no profile, no transparency. */
    byte[] bare() {
        return bare;
    }

    /** Walks all chunks to the end, so that a truncated or altered file is known before it is decoded. */
    static PngStructure read(byte[] bytes, ImageLimits limits) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        OrientationTags tags = new OrientationTags();
        ByteArrayOutputStream palette = new ByteArrayOutputStream();
        int pictures = 0;
        int data = 0;
        int at = SIGNATURE_BYTES;
        int type;
        do {
            if (at + 12 > bytes.length || at + 12L + Integer.toUnsignedLong(file.getInt(at)) > bytes.length) {
                throw new CorruptImageException("it ends before its IEND chunk");
            }
            int length = file.getInt(at);
            type = file.getInt(at + 4);
            if (at == SIGNATURE_BYTES) {
                if (type != IHDR || length != 13) {
                    throw new CorruptImageException("it does not begin with an IHDR chunk");
                }
                limits.check(
                        ImageFormat.PNG,
                        Integer.toUnsignedLong(file.getInt(16)),
                        Integer.toUnsignedLong(file.getInt(20)));
            }
            boolean sound = checksum(bytes, at + 4, length + 4) == file.getInt(at + 8 + length);
            switch (type) {
                case IHDR, PLTE, IDAT, IEND -> {
                    if (!sound) {
                        throw new CorruptImageException("the checksum of the chunk at byte %d is wrong".formatted(at));
                    }
                    data += type == IDAT ? length : 0;
                    if (type == PLTE && palette.size() == 0) {
                        palette.write(bytes, at, 12 + length);
                    }
                }
                case ANIMATION -> pictures += length == 8 ? file.getInt(at + 8) + 1 : 0;
                // Before the image data: they are the first frame.
                case FRAME -> pictures -= data == 0 ? 1 : 0;
                default -> {
                    if (sound) {
                        readTags(tags, type, bytes, at + 8, length);
                    }
                    if ((type & ANCILLARY) == 0) {
                        throw new UnsupportedImageException(
                                "its chunk %s changes what the pixels are in a way that PNG does not define; save it as plain PNG"
                                        .formatted(new String(bytes, at + 4, 4, StandardCharsets.ISO_8859_1)));
                    }
                }
            }
            at += 12 + length;
        } while (type != IEND);
        int width = file.getInt(16);
        int height = file.getInt(20);
        if (data * MOST_PIXELS_PER_BYTE < (long) width * height) {
            throw new CorruptImageException(
                    "%d bytes of image data cannot hold %d x %d pixels".formatted(data, width, height));
        }
        return new PngStructure(tags.orientation(), Math.max(1, pictures), bare(bytes, palette.toByteArray(), data));
    }

    private static void readTags(OrientationTags tags, int type, byte[] bytes, int at, int length)
            throws UnsupportedImageException {
        switch (type) {
            case EXIF -> tags.exif(bytes, at, length);
            case TEXT -> tags.pngText(bytes, at, length, false);
            case COMPRESSED_TEXT -> tags.pngText(bytes, at, length, true);
            case INTERNATIONAL_TEXT -> tags.pngInternationalText(bytes, at, length);
            default -> {}
        }
    }

    private static int checksum(byte[] bytes, int from, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }

    /** Decoders do not look at the checksum of image data, which is one chunk here. */
    private static byte[] bare(byte[] bytes, byte[] palette, int data) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        int headerBytes = SIGNATURE_BYTES + 12 + 13;
        ByteBuffer bare = ByteBuffer.allocate(headerBytes + palette.length + 12 + data + 12);
        bare.put(bytes, 0, headerBytes).put(palette).putInt(data).putInt(IDAT);
        for (int at = SIGNATURE_BYTES; file.getInt(at + 4) != IEND; at += 12 + file.getInt(at)) {
            if (file.getInt(at + 4) == IDAT) {
                bare.put(bytes, at + 8, file.getInt(at));
            }
        }
        bare.putInt(0).putInt(0).putInt(IEND).putInt(0);
        return bare.array();
    }
}
