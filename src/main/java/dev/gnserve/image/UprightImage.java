package dev.gnserve.image;

import org.jspecify.annotations.Nullable;

/**
 * A decoded image as a person sees it: orientation applied, alpha dropped, gray or RGB. Immutable and thread-safe.
 *
 * <p>Samples are interleaved, rows from the top, in one byte or one short each: as compact as the image itself.
 */
public final class UprightImage {

    private final int width;
    private final int height;
    private final int channels;
    /** A byte[] or a short[] of unsigned samples [height, width, channels]. */
    private final Object samples;

    private final @Nullable PageNumber page;

    private UprightImage(int width, int height, int channels, Object samples, int length) {
        if (width < 1 || height < 1 || (channels != 1 && channels != 3)) {
            throw new IllegalArgumentException("an image has 1 or 3 channels and at least one pixel, not %d x %d x %d"
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
        this.page = null;
    }

    private UprightImage(UprightImage image, PageNumber page) {
        this.width = image.width;
        this.height = image.height;
        this.channels = image.channels;
        this.samples = image.samples;
        this.page = page;
    }

    /** An image over unsigned 8-bit samples [height, width, channels]; the array is kept, not copied. */
    public static UprightImage of8Bit(int width, int height, int channels, byte[] samples) {
        return new UprightImage(width, height, channels, samples, samples.length);
    }

    /** An image over unsigned 16-bit samples [height, width, channels]; the array is kept, not copied. */
    public static UprightImage of16Bit(int width, int height, int channels, short[] samples) {
        return new UprightImage(width, height, channels, samples, samples.length);
    }

    /** This image as a page of its file; the samples are shared. */
    UprightImage asPage(PageNumber number) {
        return number.of() == 1 ? this : new UprightImage(this, number);
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

    /** 1 for gray, 3 for red, green, blue. */
    public int channels() {
        return channels;
    }

    /** 8 or 16. */
    public int bitDepth() {
        return samples instanceof byte[] ? 8 : 16;
    }

    /** The largest value a sample can have: 255 or 65535. */
    public int maxSample() {
        return samples instanceof byte[] ? 0xFF : 0xFFFF;
    }

    /** The unsigned value at a pixel. */
    public int sample(int x, int y, int channel) {
        if (x < 0 || x >= width || channel < 0 || channel >= channels) {
            throw new IndexOutOfBoundsException("(%d, %d) channel %d of %s".formatted(x, y, channel, this));
        }
        int index = (y * width + x) * channels + channel;
        return samples instanceof byte[] bytes ? bytes[index] & 0xFF : ((short[]) samples)[index] & 0xFFFF;
    }

    /** The samples themselves, a byte[] or a short[], not to be written to. */
    Object samples() {
        return samples;
    }

    @Override
    public String toString() {
        return "%d x %d x %d, %d bits".formatted(width, height, channels, bitDepth());
    }
}
