package dev.gnserve.image;

/**
 * What viewers show of an animation: an area on which the first frame has its place (GIF89a, 18 and 20; RFC 9649, 2.7.1).
 *
 * @param width of the canvas
 * @param height of the canvas
 * @param left of the first frame
 * @param top of the first frame
 */
record Canvas(int width, int height, int left, int top) {

    /** The canvas, black where the frame does not cover it; the frame itself where it covers all. */
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
