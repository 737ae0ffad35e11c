package dev.gnserve.instances;

/**
 * Erosion, then dilation of a binary picture by a disk: removes what the disk does not fit into. Beyond the border the picture is
 * mirrored, as in scikit-image's {@code opening} (mode reflect). Thread-safe.
 */
final class Opening {

    private Opening() {}

    /** The opened picture, a new array. */
    static boolean[] disk(boolean[] mask, int width, int radius) {
        return spread(spread(mask, width, radius, false), width, radius, true);
    }

    /** Each pixel becomes {@code value} if any pixel under the disk around it has that value. */
    private static boolean[] spread(boolean[] mask, int width, int radius, boolean value) {
        int height = mask.length / width;
        int side = 2 * radius + 1;
        int[] dx = new int[side * side];
        int[] dy = new int[side * side];
        int[] steps = new int[side * side];
        int count = 0;
        for (int y = -radius; y <= radius; y++) {
            for (int x = -radius; x <= radius; x++) {
                if (x * x + y * y <= radius * radius) {
                    dx[count] = x;
                    dy[count] = y;
                    steps[count++] = y * width + x;
                }
            }
        }
        boolean[] result = mask.clone();
        for (int y = 0, at = 0; y < height; y++) {
            boolean edge = y < radius || y >= height - radius;
            for (int x = 0; x < width; x++, at++) {
                if (mask[at] == value) {
                    continue;
                }
                boolean found = false;
                if (edge || x < radius || x >= width - radius) {
                    for (int i = 0; i < count && !found; i++) {
                        found = mask[mirrored(y + dy[i], height) * width + mirrored(x + dx[i], width)] == value;
                    }
                } else {
                    for (int i = 0; i < count && !found; i++) {
                        found = mask[at + steps[i]] == value;
                    }
                }
                result[at] = found == value;
            }
        }
        return result;
    }

    /** The border is repeated: -1 is 0, -2 is 1. */
    private static int mirrored(int position, int size) {
        int within = Math.floorMod(position, 2 * size);
        return within < size ? within : 2 * size - 1 - within;
    }
}
