package dev.gnserve.image;

import org.jspecify.annotations.Nullable;

/** The samples of an image as planes of floats, divided by a number, in the channels that a network takes. */
final class SampleRows implements PlanarRows {

    // ITU-R BT.601, as Pillow's convert("L").
    private static final float RED = 0.299f;
    private static final float GREEN = 0.587f;
    private static final float BLUE = 0.114f;

    private final UprightImage image;
    private final ChannelOrder order;
    private final float divisor;
    private final @Nullable FileScale scale;

    /** @param scale by which values of the file are wanted; null for the samples, divided */
    SampleRows(UprightImage image, ChannelOrder order, float divisor, @Nullable FileScale scale) {
        this.image = image;
        this.order = order;
        this.divisor = divisor;
        this.scale = scale;
    }

    @Override
    public int channels() {
        return order.channels();
    }

    @Override
    public int height() {
        return image.height();
    }

    @Override
    public int width() {
        return image.width();
    }

    @Override
    public int @Nullable [] counts() {
        boolean mixed = image.channels() == 3 && order == ChannelOrder.GRAY;
        if (mixed || scale != null || !(image.samples() instanceof byte[] bytes)) {
            return null;
        }
        // Four counters of each value: in a dark image most samples are equal, and each addition would wait for the
        // last.
        int[] counts = new int[256];
        int[] second = new int[256];
        int[] third = new int[256];
        int[] fourth = new int[256];
        int i = 0;
        for (; i < bytes.length - 3; i += 4) {
            counts[bytes[i] & 0xFF]++;
            second[bytes[i + 1] & 0xFF]++;
            third[bytes[i + 2] & 0xFF]++;
            fourth[bytes[i + 3] & 0xFF]++;
        }
        for (; i < bytes.length; i++) {
            counts[bytes[i] & 0xFF]++;
        }
        for (int value = 0; value < 256; value++) {
            counts[value] += second[value] + third[value] + fourth[value];
        }
        return counts;
    }

    @Override
    public void read(int x, int y, int count, float[] into, int offset, int stride) {
        if (order instanceof ChannelOrder.Stored) {
            for (int c = 0; c < channels(); c++) {
                channel(x, y, count, c, into, offset + c * stride);
            }
            return;
        }
        if (image.channels() == 1) {
            channel(x, y, count, 0, into, offset);
            for (int c = 1; c < channels(); c++) {
                System.arraycopy(into, offset, into, offset + c * stride, count);
            }
            return;
        }
        switch ((ChannelOrder.Colour) order) {
            case RGB -> {
                for (int c = 0; c < 3; c++) {
                    channel(x, y, count, c, into, offset + c * stride);
                }
            }
            case BGR -> {
                for (int c = 0; c < 3; c++) {
                    channel(x, y, count, 2 - c, into, offset + c * stride);
                }
            }
            case GRAY -> luma(x, y, count, into, offset);
        }
    }

    private void channel(int x, int y, int count, int channel, float[] into, int offset) {
        int step = image.channels();
        int in = (y * image.width() + x) * step + channel;
        if (image.samples() instanceof byte[] bytes) {
            for (int i = 0; i < count; i++, in += step) {
                into[offset + i] = bytes[in] & 0xFF;
            }
        } else if (image.samples() instanceof short[] shorts) {
            for (int i = 0; i < count; i++, in += step) {
                into[offset + i] = (shorts[in] & 0xFFFF) / divisor;
            }
        } else {
            float[] floats = (float[]) image.samples();
            for (int i = 0; i < count; i++, in += step) {
                into[offset + i] = floats[in];
            }
        }
        if (scale != null) {
            for (int i = offset; i < offset + count; i++) {
                into[i] = scale.value(into[i], image.maxSample());
            }
        }
    }

    private void luma(int x, int y, int count, float[] into, int offset) {
        if (scale != null) {
            float[] colours = new float[3 * count];
            for (int c = 0; c < 3; c++) {
                channel(x, y, count, c, colours, c * count);
            }
            for (int i = 0; i < count; i++) {
                into[offset + i] = RED * colours[i] + GREEN * colours[count + i] + BLUE * colours[2 * count + i];
            }
            return;
        }
        int in = (y * image.width() + x) * 3;
        if (image.samples() instanceof byte[] bytes) {
            for (int i = 0; i < count; i++, in += 3) {
                into[offset + i] =
                        RED * (bytes[in] & 0xFF) + GREEN * (bytes[in + 1] & 0xFF) + BLUE * (bytes[in + 2] & 0xFF);
            }
        } else if (image.samples() instanceof short[] shorts) {
            for (int i = 0; i < count; i++, in += 3) {
                into[offset + i] = (RED * (shorts[in] & 0xFFFF)
                                + GREEN * (shorts[in + 1] & 0xFFFF)
                                + BLUE * (shorts[in + 2] & 0xFFFF))
                        / divisor;
            }
        } else {
            float[] floats = (float[]) image.samples();
            for (int i = 0; i < count; i++, in += 3) {
                into[offset + i] = RED * floats[in] + GREEN * floats[in + 1] + BLUE * floats[in + 2];
            }
        }
    }
}
