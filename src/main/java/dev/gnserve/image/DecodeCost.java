package dev.gnserve.image;

/**
 * The memory that decoding a file takes at most at one time, known from its header.
 *
 * @param width of the picture as stored, before it is turned
 * @param height of the picture as stored
 * @param pixels of the picture, as a budget counts them
 * @param heapBytes of objects that are in use at the same time, without the file
 * @param nativeBytes that the decoder takes outside the heap
 */
public record DecodeCost(int width, int height, long pixels, long heapBytes, long nativeBytes) {

    /** Tables, rows and buffers of every decoder. */
    private static final long FIXED_BYTES = 2_000_000;

    /**
     * The cost of a decoder.
     *
     * @param perPixel bytes of heap
     * @param more bytes of heap, such as a copy of the file
     */
    static DecodeCost of(int width, int height, double perPixel, long more) {
        long pixels = (long) width * height;
        return new DecodeCost(width, height, pixels, FIXED_BYTES + (long) (pixels * perPixel) + more, 0);
    }

    /**
     * Bytes of a pixel: of what the decoder gives and the samples made of it, or of the samples and a turned copy.
     *
     * @param stored bytes of what the decoder gives
     * @param made bytes of the samples
     * @param inPlace whether the samples are what the decoder gives
     */
    static double perPixel(double stored, int made, boolean inPlace, Orientation orientation) {
        double decoded = inPlace ? made : stored + made;
        return orientation.equals(Orientation.UPRIGHT) ? decoded : Math.max(decoded, 2 * made);
    }

    /** The same memory, counted as other pixels where a budget counts them. */
    DecodeCost countedAs(long pixelsInBudget) {
        return new DecodeCost(width, height, pixelsInBudget, heapBytes, nativeBytes);
    }

    DecodeCost withNative(long bytes) {
        return new DecodeCost(width, height, pixels, heapBytes, bytes);
    }

    /** The cost for a budget that counts pixels and reckons with so many bytes for each. */
    public long inPixels(long bytesPerPixel) {
        return Math.max(pixels, (bytes() - FIXED_BYTES) / bytesPerPixel);
    }

    /** Memory of both kinds. */
    public long bytes() {
        return heapBytes + nativeBytes;
    }
}
