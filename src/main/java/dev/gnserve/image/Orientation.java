package dev.gnserve.image;

/**
 * The eight orientations of EXIF tag 0x0112: what must be done to the stored image for it to stand upright.
 *
 * @param transpose whether rows and columns change places
 * @param flipX whether the upright image runs against the stored axis that became x
 * @param flipY whether the upright image runs against the stored axis that became y
 */
record Orientation(boolean transpose, boolean flipX, boolean flipY) {

    static final Orientation UPRIGHT = new Orientation(false, false, false);

    /** The orientation with an EXIF number; whatever is not in 1..8 counts as upright, as viewers do. */
    static Orientation ofExif(int number) {
        return switch (number) {
            case 2 -> new Orientation(false, true, false);
            case 3 -> new Orientation(false, true, true);
            case 4 -> new Orientation(false, false, true);
            case 5 -> new Orientation(true, false, false);
            case 6 -> new Orientation(true, true, false);
            case 7 -> new Orientation(true, true, true);
            case 8 -> new Orientation(true, false, true);
            default -> UPRIGHT;
        };
    }

    UprightImage apply(UprightImage stored) {
        if (equals(UPRIGHT)) {
            return stored;
        }
        int width = transpose ? stored.height() : stored.width();
        int height = transpose ? stored.width() : stored.height();
        int channels = stored.channels();
        Object from = stored.samples();
        int stepX = (transpose ? stored.width() : 1) * channels;
        int stepY = (transpose ? 1 : stored.width()) * channels;
        int origin = (flipX ? (width - 1) * stepX : 0) + (flipY ? (height - 1) * stepY : 0);
        int dx = flipX ? -stepX : stepX;
        int dy = flipY ? -stepY : stepY;
        int length = width * height * channels;
        Object to;
        if (from instanceof byte[] bytes) {
            byte[] turned = new byte[length];
            reorder(bytes, turned, width, channels, origin, dx, dy);
            to = turned;
        } else {
            to = from instanceof short[] ? new short[length] : new float[length];
            reorder(from, to, width, height, channels, origin, dx, dy);
        }
        return stored.withSamples(width, height, to, length);
    }

    private static void reorder(byte[] from, byte[] to, int width, int channels, int origin, int dx, int dy) {
        for (int out = 0, start = origin; out < to.length; start += dy) {
            for (int x = 0, in = start; x < width; x++, in += dx) {
                for (int c = 0; c < channels; c++) {
                    to[out++] = from[in + c];
                }
            }
        }
    }

    /** As above, for arrays of any type. */
    private static void reorder(
            Object from, Object to, int width, int height, int channels, int origin, int dx, int dy) {
        int out = 0;
        for (int y = 0; y < height; y++) {
            int in = origin + y * dy;
            for (int x = 0; x < width; x++, in += dx, out += channels) {
                System.arraycopy(from, in, to, out, channels);
            }
        }
    }
}
