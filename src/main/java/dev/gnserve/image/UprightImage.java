package dev.gnserve.image;

import org.jspecify.annotations.Nullable;

/**
 * A decoded image as a person sees it: orientation applied, alpha dropped, gray or RGB; or with its channels as they are stored, for a
 * network that takes them. Immutable and thread-safe.
 *
 * <p>Samples are interleaved, rows from the top, in one byte, short or float each: as compact as the image itself.
 */
public final class UprightImage {

    private final int width;
    private final int height;
    private final int channels;
    /** Samples [height, width, channels]: a byte[] or a short[] of unsigned ones, or a float[]. */
    private final Object samples;

    private final @Nullable String numbers;

    /** Null where the samples are the values of the file. */
    private final @Nullable FileScale scale;

    private final @Nullable PageNumber page;

    private final @Nullable ClipFrames frames;

    private UprightImage(
            int width,
            int height,
            int channels,
            Object samples,
            int length,
            @Nullable String numbers,
            @Nullable FileScale scale) {
        if (width < 1 || height < 1 || channels < 1 || channels > ChannelOrder.Stored.MOST) {
            throw new IllegalArgumentException("an image has 1 to 64 channels and at least one pixel, not %d x %d x %d"
                    .formatted(width, height, channels));
        }
        if (length != (long) width * height * channels) {
            throw new IllegalArgumentException(
                    "%d x %d x %d samples expected but got %d".formatted(width, height, channels, length));
        }
        this.width = width;
        this.height = height;
        this.channels = channels;
        this.samples = samples;
        this.numbers = numbers;
        this.scale = scale;
        this.page = null;
        this.frames = null;
    }

    private UprightImage(UprightImage image, @Nullable PageNumber page, @Nullable ClipFrames frames) {
        this.width = image.width;
        this.height = image.height;
        this.channels = image.channels;
        this.samples = image.samples;
        this.numbers = image.numbers;
        this.scale = image.scale;
        this.page = page;
        this.frames = frames;
    }

    /** An image over unsigned 8-bit samples [height, width, channels]; the array is kept, not copied. */
    public static UprightImage of8Bit(int width, int height, int channels, byte[] samples) {
        return new UprightImage(width, height, channels, samples, samples.length, null, null);
    }

    /** An image over unsigned 16-bit samples [height, width, channels]; the array is kept, not copied. */
    public static UprightImage of16Bit(int width, int height, int channels, short[] samples) {
        return new UprightImage(width, height, channels, samples, samples.length, null, null);
    }

    /**
     * An image over samples [height, width, channels] of any range; the array is kept, not copied.
     *
     * @param numbers what they were in the file, such as "signed integers of 16 bits"
     */
    static UprightImage ofNumbers(int width, int height, int channels, float[] samples, String numbers) {
        return new UprightImage(width, height, channels, samples, samples.length, numbers, null);
    }

    /** This image, whose samples of 8 or 16 bits are not the values of the file; they are shared. */
    UprightImage withScale(FileScale ofFile) {
        return new UprightImage(width, height, channels, samples, width * height * channels, null, ofFile);
    }

    /** How the samples were made from the values of the file; null where they are those. */
    @Nullable
    FileScale scale() {
        return scale;
    }

    /** This image as a page of its file; the samples are shared. */
    UprightImage asPage(PageNumber number) {
        return number.of() == 1 ? this : new UprightImage(this, number, frames);
    }

    /** This image as the first frame of clips; the samples are shared. */
    public UprightImage ofClip(ClipFrames used) {
        return new UprightImage(this, null, used);
    }

    /** The frames of the clips for which it stands; null for an image by itself. */
    public @Nullable ClipFrames frames() {
        return frames;
    }

    /** Which page of its file it is; null where the file has one. */
    public @Nullable PageNumber page() {
        return page;
    }

    public int width() {
        return width;
    }

    public int height() {
        return height;
    }

    /**
     * Pixels, as a budget of memory counts them: one has up to three samples of 16 bits. More or larger samples count as more pixels.
     */
    public long pixelsInBudget() {
        return pixelsInBudget(width, height, channels, numbers != null);
    }

    static long pixelsInBudget(int width, int height, int channels, boolean numbers) {
        int samples = channels * (numbers ? 2 : 1);
        return (long) width * height * ((samples + 2) / 3);
    }

    /** 1 for gray, 3 for red, green, blue; any number where they are those stored. */
    public int channels() {
        return channels;
    }

    /** 8 or 16; 32 for samples of any range. */
    public int bitDepth() {
        return samples instanceof byte[] ? 8 : samples instanceof short[] ? 16 : 32;
    }

    /** The largest value that a sample of 8 or 16 bits can have: 255 or 65535. */
    public int maxSample() {
        return samples instanceof byte[] ? 0xFF : 0xFFFF;
    }

    /** What samples of any range were in the file; null for unsigned ones of 8 or 16 bits. */
    @Nullable
    String numbers() {
        return numbers;
    }

    /** The unsigned value of 8 or 16 bits at a pixel. */
    public int sample(int x, int y, int channel) {
        int index = index(x, y, channel);
        return samples instanceof byte[] bytes ? bytes[index] & 0xFF : ((short[]) samples)[index] & 0xFFFF;
    }

    /** The value at a pixel as it is in the file, of samples of any kind. */
    public double value(int x, int y, int channel) {
        if (numbers != null) {
            return number(x, y, channel);
        }
        int sample = sample(x, y, channel);
        return scale == null ? sample : scale.value(sample, maxSample());
    }

    /** The value at a pixel of an image whose samples have any range. */
    float number(int x, int y, int channel) {
        return ((float[]) samples)[index(x, y, channel)];
    }

    private int index(int x, int y, int channel) {
        if (x < 0 || x >= width || channel < 0 || channel >= channels) {
            throw new IndexOutOfBoundsException("(%d, %d) channel %d of %s".formatted(x, y, channel, this));
        }
        return (y * width + x) * channels + channel;
    }

    /** An image of the same kind over other samples, an array of the same type. */
    UprightImage withSamples(int newWidth, int newHeight, Object other, int length) {
        return new UprightImage(newWidth, newHeight, channels, other, length, numbers, scale);
    }

    /** The samples themselves, a byte[], a short[] or a float[], not to be written to. */
    Object samples() {
        return samples;
    }

    @Override
    public String toString() {
        return "%d x %d x %d, %d bits".formatted(width, height, channels, bitDepth());
    }
}
