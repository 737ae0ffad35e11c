package dev.gnserve;

/**
 * Reads COCO's compressed run-length strings, written from the format's definition and independent of the service's own
 * encoder.
 */
public final class CocoRleDecoder {

    private CocoRleDecoder() {}

    /** The mask [height][width]. */
    public static boolean[][] decode(String counts, int height, int width) {
        boolean[][] mask = new boolean[height][width];
        long[] runs = new long[counts.length()];
        int count = 0;
        int at = 0;
        while (at < counts.length()) {
            long value = 0;
            int shift = 0;
            int character;
            do {
                character = counts.charAt(at++) - 48;
                value |= (long) (character & 0x1f) << shift;
                shift += 5;
            } while ((character & 0x20) != 0);
            if ((character & 0x10) != 0) {
                value |= -1L << shift;
            }
            runs[count] = count > 2 ? value + runs[count - 2] : value;
            count++;
        }
        int pixel = 0;
        for (int i = 0; i < count; i++) {
            for (long n = 0; n < runs[i]; n++, pixel++) {
                mask[pixel % height][pixel / height] = i % 2 == 1;
            }
        }
        if (pixel != height * width) {
            throw new AssertionError("the runs cover " + pixel + " pixels of " + height * width);
        }
        return mask;
    }
}
