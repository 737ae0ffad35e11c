package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * An array of NumPy as a picture: [height, width], [height, width, channels] or [channels, height, width] (NEP 1, format versions 1 to
 * 3).
 *
 * <p>Of three axes, the first or the last has the channels: the one whose size the model takes. If both have such a size, the array is
 * refused.
 */
final class Npy {

    private final byte[] file;
    private final NpyHeader header;
    private final int width;
    private final int height;
    private final int channels;
    private final boolean channelsFirst;

    private Npy(byte[] file, NpyHeader header, boolean channelsFirst, ImageLimits limits) throws IOException {
        this.file = file;
        this.header = header;
        long[] shape = header.shape();
        int rows = channelsFirst ? 1 : 0;
        limits.check(ImageFormat.NPY, shape[rows + 1], shape[rows]);
        this.height = (int) shape[rows];
        this.width = (int) shape[rows + 1];
        this.channels = shape.length == 2 ? 1 : (int) shape[channelsFirst ? 0 : 2];
        this.channelsFirst = channelsFirst;
        limits.checkSamples(width, height, channels);
        header.requireValues(file, (long) width * height * channels);
    }

    /**
     * Reads the header.
     *
     * @param wanted which channels the model takes
     */
    static Npy read(byte[] file, ImageLimits limits, ChannelOrder wanted) throws IOException {
        NpyHeader header = NpyHeader.read(file);
        if (header.fortranOrder()) {
            throw new UnsupportedImageException("its values are in Fortran order; save numpy.ascontiguousarray of it");
        }
        return new Npy(file, header, isChannelsFirst(header.shape(), wanted), limits);
    }

    private static boolean isChannelsFirst(long[] shape, ChannelOrder wanted) throws UnsupportedImageException {
        if (shape.length == 2) {
            return false;
        }
        String counts = wanted instanceof ChannelOrder.Stored ? Integer.toString(wanted.channels()) : "1 or 3";
        boolean first = shape.length == 3 && isCount(shape[0], wanted);
        boolean last = shape.length == 3 && isCount(shape[2], wanted);
        if (first && last) {
            throw new UnsupportedImageException(
                    "its shape %s can be [height, width, channels] or [channels, height, width], since the model takes %s channels; send another format, or a size that is no number of channels"
                            .formatted(Arrays.toString(shape), counts));
        }
        if (!first && !last) {
            throw new UnsupportedImageException(
                    "its shape is %s, and the model takes %s channels: send [height, width], or three axes of which the first or the last has the channels"
                            .formatted(Arrays.toString(shape), counts));
        }
        return first;
    }

    private static boolean isCount(long size, ChannelOrder wanted) {
        return wanted instanceof ChannelOrder.Stored ? size == wanted.channels() : size == 1 || size == 3;
    }

    /** The array as read and its samples. */
    DecodeCost cost() {
        int made = (isByte() ? 1 : isShort() ? 2 : Float.BYTES) * channels;
        return DecodeCost.of(width, height, made, 0)
                .countedAs(UprightImage.pixelsInBudget(width, height, channels, !isByte() && !isShort()));
    }

    private boolean isByte() {
        return header.kind() == 'b' || (header.kind() == 'u' && header.bytes() == 1);
    }

    private boolean isShort() {
        return header.kind() == 'u' && header.bytes() == 2;
    }

    UprightImage decode(DecodeWork work) throws IOException {
        int count = width * height * channels;
        ByteBuffer in = header.values(file);
        byte[] small = new byte[isByte() ? count : 0];
        short[] deep = new short[isShort() ? count : 0];
        float[] numbers = new float[isByte() || isShort() ? 0 : count];
        int plane = width * height;
        for (int out = 0; out < count; out++) {
            if (out % (1 << 16) == 0) {
                work.goOn();
            }
            int at = channelsFirst ? out % channels * plane + out / channels : out;
            if (small.length > 0) {
                small[out] = header.kind() == 'b' ? (byte) (in.get(at) == 0 ? 0 : 0xFF) : in.get(at);
            } else if (deep.length > 0) {
                deep[out] = in.getShort(2 * at);
            } else {
                numbers[out] = number(in, at);
            }
        }
        if (small.length > 0) {
            UprightImage image = UprightImage.of8Bit(width, height, channels, small);
            return header.kind() == 'b' ? image.withScale(new FileScale(1, false)) : image;
        }
        return deep.length > 0
                ? UprightImage.of16Bit(width, height, channels, deep)
                : UprightImage.ofNumbers(width, height, channels, numbers, described());
    }

    private float number(ByteBuffer in, int at) throws UnsupportedImageException {
        float value = header.number(in, at);
        if (!Float.isFinite(value)) {
            throw UnsupportedImageException.ofNumbers();
        }
        return value;
    }

    private String described() {
        char kind = header.kind();
        String what = kind == 'f' ? "floating-point numbers" : kind == 'i' ? "signed integers" : "unsigned integers";
        return what + " of " + 8 * header.bytes() + " bits";
    }
}
