package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The header of a file of NumPy with numbers (NEP 1, format versions 1 to 3).
 *
 * @param kind of its values: {@code b} truth values, {@code u} unsigned, {@code i} signed, {@code f} floating-point
 * @param bytes of a value
 * @param fortranOrder whether the first axis changes fastest
 * @param shape sizes of the axes
 * @param from the place of the first value in the file
 */
@SuppressWarnings("ArrayRecordComponent") // Read once, compared never.
public record NpyHeader(boolean bigEndian, char kind, int bytes, boolean fortranOrder, long[] shape, int from) {

    private static final Pattern DESCRIPTION = Pattern.compile("'descr'\\s*:\\s*'([<>|=]?)([A-Za-z])(\\d+)'");
    private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([\\d,\\s]*)\\)");
    private static final int PREFIX = 8;

    /** NumPy reads no longer one by default ({@code max_header_size} of {@code numpy.load}). */
    private static final int LONGEST = 10_000;

    /** Whether the file begins as one of NumPy. */
    public static boolean isOf(byte[] file) {
        return ImageFormat.of(file) == ImageFormat.NPY;
    }

    /**
     * Reads the header.
     *
     * @throws IOException saying what is wrong with it, or which type is not read
     */
    public static NpyHeader read(byte[] file) throws IOException {
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
        if (length > LONGEST) {
            throw new UnsupportedImageException(
                    "its header has %,d bytes, allowed is %,d; save it as a plain array".formatted(length, LONGEST));
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
        return new NpyHeader(
                description.group(1).equals(">"),
                description.group(2).charAt(0),
                Integer.parseInt(description.group(3)),
                order.group(1).equals("True"),
                shape(sizes.group(1)),
                begin + (int) length);
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
            throw new CorruptImageException("its shape is (" + shown(sizes) + ")");
        }
    }

    /**
     * Requires that the file has exactly so many values behind its header.
     *
     * @throws IOException saying how many bytes are there and how many are needed
     */
    public void requireValues(byte[] file, long count) throws IOException {
        if (file.length - from != count * bytes) {
            throw new CorruptImageException(
                    "it has %d bytes behind its header and needs %d for an array of the shape %s"
                            .formatted(file.length - from, count * bytes, shown(Arrays.toString(shape))));
        }
    }

    /** The values of the file, from the first one on. */
    public ByteBuffer values(byte[] file) {
        return ByteBuffer.wrap(file, from, file.length - from)
                .slice()
                .order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * A value.
     *
     * @param values as {@link #values} gives them
     * @param at its number in the order of the file
     */
    public float number(ByteBuffer values, int at) {
        int place = at * bytes;
        return switch (kind + "" + bytes) {
            case "b1" -> values.get(place) == 0 ? 0 : 1;
            case "u1" -> values.get(place) & 0xFF;
            case "u2" -> values.getShort(place) & 0xFFFF;
            case "u4" -> Integer.toUnsignedLong(values.getInt(place));
            case "i1" -> values.get(place);
            case "i2" -> values.getShort(place);
            case "i4" -> values.getInt(place);
            case "f2" -> TiffNumbers.half(values.getShort(place) & 0xFFFF);
            case "f4" -> values.getFloat(place);
            default -> (float) values.getDouble(place);
        };
    }
}
