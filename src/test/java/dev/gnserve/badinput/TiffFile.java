package dev.gnserve.badinput;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Writes a TIFF or BigTIFF page of any tags; its data begin at {@link #DATA}. */
public final class TiffFile {

    /** Where the data begin. */
    public static final int DATA = 16;

    private final Map<Integer, long[]> tags = new TreeMap<>();
    private final byte[] data;
    private boolean big;

    private TiffFile(byte[] data) {
        this.data = data;
    }

    /** A gray page of 8 bits in one strip that is all the data. */
    public static TiffFile page(int width, int height, int compression, byte[] data) {
        return new TiffFile(data)
                .tag(256, width)
                .tag(257, height)
                .tag(258, 8)
                .tag(259, compression)
                .tag(262, 1)
                .tag(273, DATA)
                .tag(277, 1)
                .tag(278, height)
                .tag(279, data.length);
    }

    /** Replaces the values of a tag; none take it away. */
    public TiffFile tag(int tag, long... values) {
        if (values.length == 0) {
            tags.remove(tag);
        } else {
            tags.put(tag, values);
        }
        return this;
    }

    /** All the data, over and over, as so many strips of so many rows. */
    public TiffFile sameStrips(int strips, int rows) {
        long[] offsets = new long[strips];
        long[] lengths = new long[strips];
        Arrays.fill(offsets, DATA);
        Arrays.fill(lengths, data.length);
        return tag(273, offsets).tag(278, rows).tag(279, lengths);
    }

    /** One tile that is all the data. */
    public TiffFile oneTile(int width, int height) {
        return tag(273).tag(278)
                .tag(279)
                .tag(322, width)
                .tag(323, height)
                .tag(324, DATA)
                .tag(325, data.length);
    }

    public TiffFile big() {
        big = true;
        return this;
    }

    public byte[] bytes() {
        int wordBytes = big ? 8 : 4;
        ByteArrayOutputStream values = new ByteArrayOutputStream();
        int valuesAt = DATA + data.length;
        ByteBuffer directory =
                ByteBuffer.allocate(8 + tags.size() * (big ? 20 : 12) + 8).order(ByteOrder.LITTLE_ENDIAN);
        word(directory, tags.size(), big ? 8 : 2);
        tags.forEach((tag, numbers) -> {
            directory.putShort(tag.shortValue()).putShort((short) (big ? 16 : 4));
            word(directory, numbers.length, wordBytes);
            if (numbers.length == 1) {
                word(directory, numbers[0], wordBytes);
            } else {
                word(directory, valuesAt + values.size(), wordBytes);
                ByteBuffer array =
                        ByteBuffer.allocate(wordBytes * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
                Arrays.stream(numbers).forEach(n -> word(array, n, wordBytes));
                values.writeBytes(array.array());
            }
        });
        int directoryAt = valuesAt + values.size();
        ByteBuffer file =
                ByteBuffer.allocate(directoryAt + directory.capacity()).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I');
        if (big) {
            file.putShort((short) 43).putShort((short) 8).putShort((short) 0).putLong(directoryAt);
        } else {
            file.putShort((short) 42).putInt(directoryAt);
        }
        return file.position(DATA)
                .put(data)
                .put(values.toByteArray())
                .put(directory.array())
                .array();
    }

    private static void word(ByteBuffer into, long number, int bytes) {
        switch (bytes) {
            case 2 -> into.putShort((short) number);
            case 4 -> into.putInt((int) number);
            default -> into.putLong(number);
        }
    }
}
