package dev.gnserve.image;

/**
 * What decoding a file takes at most, known from its header.
 *
 * @param pixels that are decoded; more than the picture has where its tiles reach over its border
 * @param heapBytes of all objects, from the file, which is there already, to the upright image
 * @param nativeBytes that the decoder takes outside the heap
 */
public record DecodeCost(long pixels, long heapBytes, long nativeBytes) {

    /** Tables, rows and buffers of every decoder; measured: 1.6 MB at most. */
    private static final long FIXED_BYTES = 2_000_000;

    /**
     * The cost of a decoder.
     *
     * @param perPixel bytes of heap
     * @param fileBytes bytes that are copied
     */
    static DecodeCost of(long pixels, double perPixel, long fileBytes) {
        return new DecodeCost(pixels, FIXED_BYTES + (long) (pixels * perPixel) + fileBytes, 0);
    }

    DecodeCost plus(long bytes) {
        return new DecodeCost(pixels, heapBytes + bytes, nativeBytes);
    }

    DecodeCost withNative(long bytes) {
        return new DecodeCost(pixels, heapBytes, bytes);
    }

    /** The cost for a budget that counts pixels and reckons with so many bytes for each. */
    public long inPixels(long bytesPerPixel) {
        return Math.max(pixels, (bytes() - FIXED_BYTES) / bytesPerPixel);
    }

    /** Memory of all kinds. */
    public long bytes() {
        return heapBytes + nativeBytes;
    }
}
