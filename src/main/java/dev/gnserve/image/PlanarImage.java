package dev.gnserve.image;

import java.util.Arrays;

/**
 * Planes of float32 [channels, height, width], row-major: what goes into a network, and what comes out of it.
 *
 * <p>The array is kept and handed out, not copied.
 */
public final class PlanarImage implements PlanarRows {

    private final int channels;
    private final int height;
    private final int width;
    private final float[] values;

    public PlanarImage(int channels, int height, int width, float[] values) {
        if (channels < 1 || height < 1 || width < 1 || values.length != (long) channels * height * width) {
            throw new IllegalArgumentException(
                    "%d values are not [%d, %d, %d] planes".formatted(values.length, channels, height, width));
        }
        this.channels = channels;
        this.height = height;
        this.width = width;
        this.values = values;
    }

    @Override
    public int channels() {
        return channels;
    }

    @Override
    public int height() {
        return height;
    }

    @Override
    public int width() {
        return width;
    }

    /** The values [channels, height, width]; the array itself. */
    public float[] values() {
        return values;
    }

    public float value(int channel, int y, int x) {
        return values[(channel * height + y) * width + x];
    }

    /** Bilinear interpolation of the first channel between pixel centres, which have whole numbers; beyond the border, the border's value. */
    double between(double x, double y) {
        double u = Math.max(0, Math.min(width - 1, x));
        double v = Math.max(0, Math.min(height - 1, y));
        int left = (int) u;
        int top = (int) v;
        int right = Math.min(left + 1, width - 1);
        int bottom = Math.min(top + 1, height - 1);
        double upper = value(0, top, left) + (u - left) * (value(0, top, right) - value(0, top, left));
        double lower = value(0, bottom, left) + (u - left) * (value(0, bottom, right) - value(0, bottom, left));
        return upper + (v - top) * (lower - upper);
    }

    /** As {@link #between}, but 0 beyond the border. */
    public double betweenOrZero(double x, double y) {
        int left = (int) Math.floor(x);
        int top = (int) Math.floor(y);
        double upper = valueOrZero(top, left) + (x - left) * (valueOrZero(top, left + 1) - valueOrZero(top, left));
        double lower =
                valueOrZero(top + 1, left) + (x - left) * (valueOrZero(top + 1, left + 1) - valueOrZero(top + 1, left));
        return upper + (y - top) * (lower - upper);
    }

    private float valueOrZero(int y, int x) {
        return x >= 0 && y >= 0 && x < width && y < height ? value(0, y, x) : 0;
    }

    /**
     * Scaled by antialiased bilinear interpolation with half-pixel centres, as PyTorch's
     * {@code F.interpolate(mode="bilinear", antialias=True, align_corners=False)}; this itself where the size is the same.
     */
    public PlanarImage resizedTo(int newWidth, int newHeight) {
        if (newWidth == width && newHeight == height) {
            return this;
        }
        return new BilinearResize(width, height, newWidth, newHeight).apply(this);
    }

    /** A part of {@link #resizedTo(int, int)}, equal to the last bit. Computes nothing outside the part. */
    public PlanarImage resizedTo(int newWidth, int newHeight, LabelMap.Region part) {
        return new BilinearResize(width, height, newWidth, newHeight).part(part).apply(this);
    }

    /**
     * Scaled by bicubic interpolation with half-pixel centres, as PyTorch's
     * {@code F.interpolate(mode="bicubic", align_corners=False)}; this itself where the size is the same.
     */
    public PlanarImage bicubicTo(int newWidth, int newHeight) {
        return newWidth == width && newHeight == height ? this : BicubicResize.apply(this, newWidth, newHeight);
    }

    /** The left upper part. */
    public PlanarImage corner(int newWidth, int newHeight) {
        if (newWidth == width && newHeight == height) {
            return this;
        }
        PlanarImage part = new PlanarImage(channels, newHeight, newWidth, new float[channels * newHeight * newWidth]);
        for (int y = 0; y < newHeight; y++) {
            read(0, y, newWidth, part.values, y * newWidth, newHeight * newWidth);
        }
        return part;
    }

    @Override
    public void read(int x, int y, int count, float[] into, int offset, int stride) {
        for (int c = 0; c < channels; c++) {
            System.arraycopy(values, (c * height + y) * width + x, into, offset + c * stride, count);
        }
    }

    @Override
    public String toString() {
        return "float32 " + Arrays.toString(new int[] {channels, height, width});
    }
}
