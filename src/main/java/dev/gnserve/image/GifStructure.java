package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What the blocks of a GIF file say (GIF89a), read without decoding: where the first frame is, and on which screen. */
final class GifStructure {

    private static final int IMAGE = 0x2C;
    private static final int EXTENSION = 0x21;
    private static final int TRAILER = 0x3B;
    private static final int HEADER_BYTES = 13;
    private static final int FRAME_BYTES = 10;

    /** A pixel has a code of at most 12 bits, and a code may tell the decoder to begin again. */
    private static final long MOST_BYTES_PER_PIXEL = 3;

    private static final long MOST_BYTES_BESIDE_PIXELS = 4096;

    private final byte[] bytes;
    private final Canvas screen;
    private final int frameAt;
    private final long framePixels;

    private GifStructure(byte[] bytes, ImageLimits limits) throws IOException {
        this.bytes = bytes;
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = HEADER_BYTES + colorTableBytes(bytes[10]);
        while (bytes[at] == EXTENSION || bytes[at] == 0) {
            at = bytes[at] == 0 ? at + 1 : behindBlocks(at + 2);
        }
        if (bytes[at] != IMAGE) {
            throw new CorruptImageException("byte %d should begin a frame".formatted(at));
        }
        int left = Short.toUnsignedInt(file.getShort(at + 1));
        int top = Short.toUnsignedInt(file.getShort(at + 3));
        int width = Short.toUnsignedInt(file.getShort(at + 5));
        int height = Short.toUnsignedInt(file.getShort(at + 7));
        limits.check(ImageFormat.GIF, width, height);
        // Some writers leave the screen at zero or smaller than the frame; viewers enlarge it then.
        this.screen = new Canvas(
                Math.max(Short.toUnsignedInt(file.getShort(6)), left + width),
                Math.max(Short.toUnsignedInt(file.getShort(8)), top + height),
                left,
                top);
        limits.check(ImageFormat.GIF, screen.width(), screen.height());
        this.frameAt = at;
        this.framePixels = (long) width * height;
    }

    /** Reads up to the first frame. */
    static GifStructure read(byte[] bytes, ImageLimits limits) throws IOException {
        return new GifStructure(bytes, limits);
    }

    Canvas screen() {
        return screen;
    }

    /** How many frames the file has, as far as it is whole. */
    int pictures() {
        int pictures = 1;
        int at = frameAt;
        try {
            while (true) {
                at = bytes[at] == IMAGE
                        ? behindBlocks(at + FRAME_BYTES + colorTableBytes(bytes[at + FRAME_BYTES - 1]) + 1)
                        : behindBlocks(at + 2);
                while (bytes[at] == 0) {
                    at++; // Between blocks; viewers pass over them, too.
                }
                if (bytes[at] == IMAGE) {
                    pictures++;
                } else if (bytes[at] != EXTENSION) {
                    return pictures;
                }
            }
        } catch (IndexOutOfBoundsException e) {
            return pictures;
        }
    }

    /** The index behind a sequence of blocks, each of which begins with its length. */
    private int behindBlocks(int from) {
        int at = from;
        while (bytes[at] != 0) {
            at += 1 + (bytes[at] & 0xFF);
        }
        return at + 1;
    }

    /** What decoding takes: indices and colours of the frame, or its colours and the screen. */
    DecodeCost cost() {
        long pixels = (long) screen.width() * screen.height();
        long bytesOfFrame = 4 * framePixels;
        long bytesWithScreen = pixels == framePixels ? 0 : 3 * framePixels + 3 * pixels;
        return DecodeCost.of(
                screen.width(),
                screen.height(),
                0,
                Math.max(bytesOfFrame, bytesWithScreen) + Math.min(bytes.length, mostData()));
    }

    private long mostData() {
        return MOST_BYTES_PER_PIXEL * framePixels + MOST_BYTES_BESIDE_PIXELS;
    }

    /** The first frame alone, without comments, and without data beyond what its pixels need. */
    byte[] bare() {
        int headerBytes = HEADER_BYTES + colorTableBytes(bytes[10]);
        int data = frameAt + FRAME_BYTES + colorTableBytes(bytes[frameAt + FRAME_BYTES - 1]) + 1;
        int end = data;
        while (bytes[end] != 0 && end - data < mostData()) {
            end += 1 + (bytes[end] & 0xFF);
        }
        byte[] bare = new byte[headerBytes + end - frameAt + 2];
        System.arraycopy(bytes, 0, bare, 0, headerBytes);
        System.arraycopy(bytes, frameAt, bare, headerBytes, end - frameAt);
        bare[bare.length - 1] = TRAILER;
        return bare;
    }

    private static int colorTableBytes(byte flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
    }
}
