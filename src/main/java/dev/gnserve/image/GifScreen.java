package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The screen of a GIF file, or the canvas of an animated WebP, and where the first frame is on it (GIF89a, 18 and 20).
 *
 * @param width of the screen, which is the size that viewers show
 * @param height of the screen
 * @param left of the first frame
 * @param top of the first frame
 */
record GifScreen(int width, int height, int left, int top) {

    private static final int IMAGE = 0x2C;
    private static final int EXTENSION = 0x21;

    static GifScreen read(byte[] bytes, ImageLimits limits) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int width = Short.toUnsignedInt(file.getShort(6));
        int height = Short.toUnsignedInt(file.getShort(8));
        int at = 13 + colorTableBytes(bytes[10]);
        while (bytes[at] == EXTENSION) {
            at += 2;
            while (bytes[at] != 0) {
                at += 1 + (bytes[at] & 0xFF);
            }
            at++;
        }
        if (bytes[at] != IMAGE) {
            throw new CorruptImageException("byte %d should begin a frame".formatted(at));
        }
        int left = Short.toUnsignedInt(file.getShort(at + 1));
        int top = Short.toUnsignedInt(file.getShort(at + 3));
        int frameWidth = Short.toUnsignedInt(file.getShort(at + 5));
        int frameHeight = Short.toUnsignedInt(file.getShort(at + 7));
        limits.check(ImageFormat.GIF, frameWidth, frameHeight);
        // Some writers leave the screen at zero or smaller than the frame; viewers enlarge it then.
        int screenWidth = Math.max(width, left + frameWidth);
        int screenHeight = Math.max(height, top + frameHeight);
        limits.check(ImageFormat.GIF, screenWidth, screenHeight);
        return new GifScreen(screenWidth, screenHeight, left, top);
    }

    /** What decoding takes: indices of the frame, colours made of them, and the screen. */
    DecodeCost cost() {
        return DecodeCost.of((long) width * height, 7, 0);
    }

    private static int colorTableBytes(byte flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
    }

    /** The screen, black where the frame does not cover it; the frame itself where it covers all. */
    UprightImage show(UprightImage frame) {
        if (frame.width() == width && frame.height() == height) {
            return frame;
        }
        int channels = frame.channels();
        byte[] from = (byte[]) frame.samples();
        byte[] to = new byte[width * height * channels];
        for (int y = 0; y < frame.height(); y++) {
            System.arraycopy(
                    from,
                    y * frame.width() * channels,
                    to,
                    ((top + y) * width + left) * channels,
                    frame.width() * channels);
        }
        return UprightImage.of8Bit(width, height, channels, to);
    }
}
