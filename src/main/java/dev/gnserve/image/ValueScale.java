package dev.gnserve.image;

/**
 * Which values become which of the steps 0 to 65535 of a picture, evenly: value = offset + step * scale. Values beyond are cut.
 *
 * @param least becomes 0
 * @param greatest becomes 65535
 */
public record ValueScale(float least, float greatest) {

    private static final int STEPS = 0xFFFF;

    public ValueScale {
        if (!(least <= greatest) || !Float.isFinite(least) || !Float.isFinite(greatest)) {
            throw new IllegalArgumentException(
                    "values go from " + least + " to " + greatest + ", allowed are finite ones in this order");
        }
    }

    /** Distance of two steps; 0 if all values are equal. */
    public double scale() {
        return ((double) greatest - least) / STEPS;
    }

    public double offset() {
        return least;
    }

    /** The nearest step, 0 to 65535. */
    int step(float value) {
        double scale = scale();
        return scale == 0 ? 0 : (int) Math.max(0, Math.min(STEPS, Math.rint((value - (double) least) / scale)));
    }

    /** A 1-channel, 16-bit PNG of one channel's steps. */
    public byte[] png(PlanarImage image, int channel) {
        short[] samples = new short[image.width() * image.height()];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (short) step(image.values()[channel * samples.length + i]);
        }
        return Png.gray16(image.width(), image.height(), samples);
    }
}
