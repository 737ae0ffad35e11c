package dev.gnserve.image;

/** An image as 8-bit RGB for the eye. */
final class Display {

    /** This share of the darkest and of the brightest samples may saturate when more than 8 bits are shown. */
    private static final double SATURATED = 0.001;

    private Display() {}

    /** New samples [height, width, 3]: of more than three channels the first three, of two the first. Deeper images, which seldom use their range, are stretched to it. */
    static byte[] rgb(UprightImage image) {
        int samples = image.width() * image.height() * image.channels();
        byte[] eight;
        if (image.samples() instanceof byte[] bytes) {
            eight = bytes;
        } else if (image.samples() instanceof short[] shorts) {
            eight = stretched(shorts, samples);
        } else {
            eight = stretched(sixteenBits((float[]) image.samples()), samples);
        }
        if (image.channels() == 3) {
            return eight == image.samples() ? eight.clone() : eight;
        }
        int channels = image.channels();
        int green = channels > 3 ? 1 : 0;
        byte[] rgb = new byte[image.width() * image.height() * 3];
        for (int i = 0, out = 0; i < samples; i += channels) {
            rgb[out++] = eight[i];
            rgb[out++] = eight[i + green];
            rgb[out++] = eight[i + 2 * green];
        }
        return rgb;
    }

    /** From the least value to the greatest. */
    private static short[] sixteenBits(float[] samples) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (float sample : samples) {
            least = Math.min(least, sample);
            most = Math.max(most, sample);
        }
        double factor = most > least ? 0xFFFF / (most - least) : 0;
        short[] sixteen = new short[samples.length];
        for (int i = 0; i < sixteen.length; i++) {
            sixteen[i] = (short) Math.round((samples[i] - least) * factor);
        }
        return sixteen;
    }

    private static byte[] stretched(short[] samples, int count) {
        int[] histogram = new int[1 << 16];
        for (short sample : samples) {
            histogram[sample & 0xFFFF]++;
        }
        long spare = (long) (count * SATURATED);
        int low = 0;
        for (long seen = histogram[0]; seen <= spare; seen += histogram[low]) {
            low++;
        }
        int high = histogram.length - 1;
        for (long seen = histogram[high]; seen <= spare; seen += histogram[high]) {
            high--;
        }
        int range = Math.max(1, high - low);
        byte[] eight = new byte[samples.length];
        for (int i = 0; i < eight.length; i++) {
            int value = ((samples[i] & 0xFFFF) - low) * 255 / range;
            eight[i] = (byte) Math.max(0, Math.min(255, value));
        }
        return eight;
    }
}
