package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * What the chunks of a WebP file say (RFC 9649), read without decoding: where the first picture is, on which canvas, and how it is
 * turned. Its alpha, its colour profile and other frames are not
 * read.
 */
final class WebpStructure {

    private static final int VP8 = 0x20385056;
    private static final int VP8L = 0x4C385056;
    private static final int VP8X = 0x58385056;
    private static final int ANMF = 0x464D4E41;
    private static final int EXIF = 0x46495845;
    private static final int XMP = 0x20504D58;
    private static final int RIFF_HEADER_BYTES = 12;
    private static final int FRAME_HEADER_BYTES = 16;

    /** Where the sides of the canvas are: in the first chunk, which must be VP8X for an animation. */
    private static final int CANVAS = RIFF_HEADER_BYTES + 8 + 4;

    private final byte[] bytes;
    private final ByteBuffer file;
    private final ImageLimits limits;
    private final OrientationTags tags = new OrientationTags();
    /** Frames of an animation. */
    private int pictures;

    private boolean inFrame;

    private boolean lossless;
    /** Of the chunk of image data, without its header. */
    private int from;

    private int end;
    private int width;
    private int height;
    /** Of an animation. */
    private @Nullable Canvas canvas;

    private WebpStructure(byte[] bytes, ImageLimits limits) {
        this.bytes = bytes;
        this.file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.limits = limits;
    }

    /** Throws where a header declares more than the limits allow, or chunks do not add up. */
    static WebpStructure read(byte[] bytes, ImageLimits limits) throws IOException {
        WebpStructure structure = new WebpStructure(bytes, limits);
        long end = 8 + Integer.toUnsignedLong(structure.file.getInt(4));
        if (end > bytes.length) {
            throw new CorruptImageException("its header declares %d bytes".formatted(end));
        }
        structure.readChunks(RIFF_HEADER_BYTES, (int) end);
        if (structure.from == 0) {
            throw new CorruptImageException("it has no chunk of image data");
        }
        return structure;
    }

    int pictures() {
        return Math.max(1, pictures);
    }

    DecodeCost cost() {
        double perPixel = DecodeCost.perPixel(
                lossless ? Vp8l.BYTES_PER_PIXEL : Vp8.BYTES_PER_PIXEL, 3, false, tags.orientation());
        return DecodeCost.of(canvas().width(), canvas().height(), perPixel, lossless ? Vp8l.codeBytes(end - from) : 0);
    }

    /** The first picture, on its canvas and turned. */
    UprightImage decode(DecodeWork work) throws IOException {
        UprightImage picture = lossless ? Vp8l.decode(bytes, from, end, work) : Vp8.decode(bytes, from, end, work);
        return tags.orientation().apply(canvas().show(picture));
    }

    private Canvas canvas() {
        return canvas == null ? new Canvas(width, height, 0, 0) : canvas;
    }

    private void readChunks(int begin, int stop) throws IOException {
        for (long at = begin; at + 8 <= stop; ) {
            int type = file.getInt((int) at);
            long length = Integer.toUnsignedLong(file.getInt((int) at + 4));
            if (at + 8 + length > stop) {
                throw new CorruptImageException("the chunk at byte %d runs over its end".formatted(at));
            }
            readChunk(type, (int) at + 8, (int) length);
            at += 8 + length + (length & 1);
        }
    }

    private void readChunk(int type, int at, int length) throws IOException {
        switch (type) {
            case VP8, VP8L -> {
                if (from == 0) {
                    readPicture(type, at, length);
                }
            }
            case VP8X -> limits.check(ImageFormat.WEBP, u24(at + 4) + 1, u24(at + 7) + 1);
            case ANMF -> {
                if (inFrame) {
                    return; // A frame holds no frames.
                }
                pictures++;
                if (from == 0) {
                    inFrame = true;
                    readChunks(at + FRAME_HEADER_BYTES, at + length);
                    inFrame = false;
                    int left = 2 * u24(at);
                    int top = 2 * u24(at + 3);
                    canvas = new Canvas(
                            Math.max(u24(CANVAS) + 1, left + width),
                            Math.max(u24(CANVAS + 3) + 1, top + height),
                            left,
                            top);
                    limits.check(ImageFormat.WEBP, canvas.width(), canvas.height());
                }
            }
            case EXIF -> tags.exif(bytes, at, length);
            case XMP -> tags.xmp(bytes, at, length);
            default -> {}
        }
    }

    private void readPicture(int type, int at, int length) throws IOException {
        lossless = type == VP8L;
        from = at;
        end = at + length;
        if (lossless) {
            int sizes = file.getInt(at + 1);
            width = (sizes & 0x3FFF) + 1;
            height = (sizes >> 14 & 0x3FFF) + 1;
            limits.check(ImageFormat.WEBP, width, height);
        } else {
            width = file.getShort(at + 6) & 0x3FFF;
            height = file.getShort(at + 8) & 0x3FFF;
            limits.check(ImageFormat.WEBP, width, height);
        }
    }

    private int u24(int at) {
        return Short.toUnsignedInt(file.getShort(at)) | (bytes[at + 2] & 0xFF) << 16;
    }
}
