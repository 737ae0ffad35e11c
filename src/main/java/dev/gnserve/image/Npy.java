package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An array of NumPy as a picture: [height, width], [height, width, channels] or [channels, height, width] (NEP 1, format versions 1 to
 * 3).
 *
 * <p>Of three axes, the first or the last has the channels: the one whose size the model takes. If both have such a size, the array is
 * refused.
 */
final class Npy {

    private static final Pattern DESCRIPTION = Pattern.compile("'descr'\\s*:\\s*'([<>|=]?)([A-Za-z])(\\d+)'");
    private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([\\d,\\s]*)\\)");
    private static final int PREFIX = 8;

    private final byte[] file;
    private final int from;
    private final boolean bigEndian;
    private final char kind;
    private final int bytes;
    private final int width;
    private final int height;
    private final int channels;
    private final boolean channelsFirst;

    private Npy(byte[] file, int from, Matcher description, long[] shape, boolean channelsFirst, ImageLimits limits)
            throws IOException {
        this.file = file;
        this.from = from;
        this.bigEndian = description.group(1).equals(">");
        this.kind = description.group(2).charAt(0);
        this.bytes = Integer.parseInt(description.group(3));
        int rows = channelsFirst ? 1 : 0;
        limits.check(ImageFormat.NPY, shape[rows + 1], shape[rows]);
        this.height = (int) shape[rows];
        this.width = (int) shape[rows + 1];
        this.channels = shape.length == 2 ? 1 : (int) shape[channelsFirst ? 0 : 2];
        this.channelsFirst = channelsFirst;
        limits.checkSamples(width, height, channels);
        long needed = (long) width * height * channels * bytes;
        if (file.length - from != needed) {
            throw new CorruptImageException(
                    "it has %d bytes behind its header and needs %d for an array of the shape %s"
                            .formatted(file.length - from, needed, Arrays.toString(shape)));
        }
    }

    /**
     * Reads the header.
     *
     * @param wanted which channels the model takes
     */
    static Npy read(byte[] file, ImageLimits limits, ChannelOrder wanted) throws IOException {
        if (file.length < PREFIX + 4) {
            throw new CorruptImageException("it ends in its header");
        }
        boolean first = file[6] == 1;
        ByteBuffer start = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int begin = PREFIX + (first ? 2 : 4);
        long length = first ? start.getShort(PREFIX) & 0xFFFF : start.getInt(PREFIX) & 0xFFFF_FFFFL;
        if (length > file.length - begin) {
            throw new CorruptImageException("it ends in its header");
        }
        String header = new String(file, begin, (int) length, StandardCharsets.ISO_8859_1);
        Matcher description = DESCRIPTION.matcher(header);
        Matcher order = ORDER.matcher(header);
        Matcher sizes = SHAPE.matcher(header);
        if (!sizes.find() || !order.find()) {
            throw new CorruptImageException("its header is not that of an array: " + shown(header));
        }
        if (!description.find() || !isRead(description.group(2) + description.group(3))) {
            throw new UnsupportedImageException(
                    "its type is not read: %s; save it as uint8, uint16, float32 or another integer or float type"
                            .formatted(shown(header)));
        }
        if (order.group(1).equals("True")) {
            throw new UnsupportedImageException("its values are in Fortran order; save numpy.ascontiguousarray of it");
        }
        long[] shape = shape(sizes.group(1));
        return new Npy(file, begin + (int) length, description, shape, isChannelsFirst(shape, wanted), limits);
    }

    private static boolean isRead(String type) {
        return switch (type) {
            case "b1", "u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8" -> true;
            default -> false;
        };
    }

    private static String shown(String header) {
        return header.strip().substring(0, Math.min(120, header.strip().length()));
    }

    private static long[] shape(String sizes) throws CorruptImageException {
        try {
            return Arrays.stream(sizes.split(","))
                    .map(String::strip)
                    .filter(size -> !size.isEmpty())
                    .mapToLong(Long::parseLong)
                    .toArray();
        } catch (NumberFormatException e) {
            throw new CorruptImageException("its shape is (" + sizes + ")");
        }
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
        return DecodeCost.of((long) width * height, made, 0)
                .countedAs(UprightImage.pixelsInBudget(width, height, channels, !isByte() && !isShort()));
    }

    private boolean isByte() {
        return kind == 'b' || (kind == 'u' && bytes == 1);
    }

    private boolean isShort() {
        return kind == 'u' && bytes == 2;
    }

    UprightImage decode(DecodeWork work) throws IOException {
        int count = width * height * channels;
        ByteBuffer in = ByteBuffer.wrap(file, from, file.length - from)
                .slice()
                .order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
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
                small[out] = kind == 'b' ? (byte) (in.get(at) == 0 ? 0 : 0xFF) : in.get(at);
            } else if (deep.length > 0) {
                deep[out] = in.getShort(2 * at);
            } else {
                numbers[out] = number(in, at * bytes);
            }
        }
        if (small.length > 0) {
            return UprightImage.of8Bit(width, height, channels, small);
        }
        return deep.length > 0
                ? UprightImage.of16Bit(width, height, channels, deep)
                : UprightImage.ofNumbers(width, height, channels, numbers, described());
    }

    private float number(ByteBuffer in, int at) throws UnsupportedImageException {
        float value = switch (kind + "" + bytes) {
            case "u4" -> Integer.toUnsignedLong(in.getInt(at));
            case "i1" -> in.get(at);
            case "i2" -> in.getShort(at);
            case "i4" -> in.getInt(at);
            case "f2" -> TiffNumbers.half(in.getShort(at) & 0xFFFF);
            case "f4" -> in.getFloat(at);
            default -> (float) in.getDouble(at);
        };
        if (!Float.isFinite(value)) {
            throw new UnsupportedImageException(
                    "it has values that are not finite numbers; replace them, and save it again");
        }
        return value;
    }

    private String described() {
        String what = kind == 'f' ? "floating-point numbers" : kind == 'i' ? "signed integers" : "unsigned integers";
        return what + " of " + 8 * bytes + " bits";
    }
}
