package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * A directory of a TIFF structure (TIFF 6.0, section 2; BigTIFF), as TIFF files and EXIF blocks have it.
 *
 * <p>A value is read only when it is asked for.
 */
final class TiffDirectory {

    private static final int CLASSIC = 42;
    private static final int BIG = 43;

    /** Bytes of a value, by type. */
    private static final int[] SIZES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};

    private static final int BYTE = 1;
    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int RATIONAL = 5;
    private static final int SIGNED_BYTE = 6;
    private static final int UNDEFINED = 7;
    private static final int SIGNED_SHORT = 8;
    private static final int SIGNED_LONG = 9;
    private static final int IFD = 13;
    private static final int LONG8 = 16;
    private static final int SIGNED_LONG8 = 17;
    private static final int IFD8 = 18;

    /** More directories than any writer makes; counting them takes time. */
    private static final int MOST_PAGES = 65_536;

    private record Entry(int type, long count, long at) {}

    private final ByteBuffer file;
    private final boolean big;
    private final Map<Integer, Entry> entries = new HashMap<>();
    private long tagBytes;

    private TiffDirectory(ByteBuffer file) throws CorruptImageException {
        if (file.limit() < 8) {
            throw new CorruptImageException("it ends before its directory");
        }
        this.file = file;
        file.order(file.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        int mark = file.getShort(2);
        if (mark != CLASSIC && mark != BIG) {
            throw new CorruptImageException("its mark is %d; 42 and 43 are TIFF".formatted(mark));
        }
        this.big = mark == BIG;
    }

    /** Reads the tags of the first directory of the structure that begins at {@code offset}. */
    static TiffDirectory read(byte[] bytes, int offset, int length) throws CorruptImageException {
        TiffDirectory directory =
                new TiffDirectory(ByteBuffer.wrap(bytes, offset, length).slice());
        try {
            directory.readTags(directory.position(directory.first()));
        } catch (IndexOutOfBoundsException e) {
            throw new CorruptImageException("its directory runs over its end");
        }
        return directory;
    }

    /** Reads the tags of a page of a file; which page has been {@linkplain #pages found}. */
    static TiffDirectory read(byte[] bytes, long at) throws CorruptImageException {
        TiffDirectory directory = new TiffDirectory(ByteBuffer.wrap(bytes));
        try {
            directory.readTags(directory.position(at));
        } catch (IndexOutOfBoundsException e) {
            throw new CorruptImageException("its directory runs over its end");
        }
        return directory;
    }

    /**
     * Where the directories of a file begin, at least one: a chain, in which each says where the next is. It ends at a place that has
     * none, as other readers end it: that does not harm the pages before.
     */
    static long[] pages(byte[] bytes) throws IOException {
        TiffDirectory start = new TiffDirectory(ByteBuffer.wrap(bytes));
        Set<Long> places = new LinkedHashSet<>();
        try {
            long next = start.first();
            start.position(next);
            while (next > 0 && next < bytes.length && places.add(next)) {
                if (places.size() > MOST_PAGES) {
                    throw new UnsupportedImageException(
                            "it has more than %d pages; save it as several files".formatted(MOST_PAGES));
                }
                next = start.next((int) next);
            }
        } catch (IndexOutOfBoundsException e) {
            // The last directory runs over the end of the file. Reading it says so.
        }
        if (places.isEmpty()) {
            throw new CorruptImageException("its directory is at byte 0");
        }
        return places.stream().mapToLong(Long::longValue).toArray();
    }

    private long first() {
        return big ? file.getLong(8) : Integer.toUnsignedLong(file.getInt(4));
    }

    private int entryBytes() {
        return big ? 20 : 12;
    }

    private long tags(int at) {
        return big ? file.getLong(at) : Short.toUnsignedLong(file.getShort(at));
    }

    private long next(int at) {
        long entries = tags(at);
        if (entries < 0 || entries > file.limit()) {
            return 0;
        }
        int end = (int) Math.min(file.limit(), at + (big ? 8 : 2) + entries * entryBytes());
        return big ? file.getLong(end) : Integer.toUnsignedLong(file.getInt(end));
    }

    private void readTags(int begin) throws CorruptImageException {
        long count = tags(begin);
        int at = begin + (big ? 8 : 2);
        if (count < 0 || count > (file.limit() - at) / entryBytes()) {
            throw new CorruptImageException("its directory of %d tags runs over its end".formatted(count));
        }
        tagBytes = count * entryBytes();
        for (int i = 0; i < count; i++, at += entryBytes()) {
            int type = Short.toUnsignedInt(file.getShort(at + 2));
            long values = big ? file.getLong(at + 4) : Integer.toUnsignedLong(file.getInt(at + 4));
            int size = type < SIZES.length ? SIZES[type] : 0;
            if (size == 0 || values < 1 || values > file.limit() / size) {
                // A value that cannot be there. What needs it misses it.
                continue;
            }
            int field = at + (big ? 12 : 8);
            boolean inside = size * values <= (big ? 8 : 4);
            long valueAt = inside ? field : big ? file.getLong(field) : Integer.toUnsignedLong(file.getInt(field));
            if (valueAt >= 0 && valueAt <= file.limit() - size * values) {
                entries.putIfAbsent(Short.toUnsignedInt(file.getShort(at)), new Entry(type, values, valueAt));
            }
        }
    }

    private int position(long at) throws CorruptImageException {
        if (at < 0 || at >= file.limit()) {
            throw new CorruptImageException("its directory is at byte %d".formatted(at));
        }
        return (int) at;
    }

    /** Bytes of all tags, with those that cannot be read. */
    long tagBytes() {
        return tagBytes;
    }

    ByteOrder order() {
        return file.order();
    }

    boolean has(int tag) {
        return entries.containsKey(tag);
    }

    /** How many values a tag has; 0 where it is missing. */
    long count(int tag) {
        Entry entry = entries.get(tag);
        return entry == null ? 0 : entry.count();
    }

    /** The first value of a tag, or another number where the tag is missing. */
    long number(int tag, long otherwise) throws CorruptImageException {
        return has(tag) ? numbers(tag, 1)[0] : otherwise;
    }

    /** The values of a tag, which must be whole numbers; the first so many of them. None where the tag is missing. */
    long[] numbers(int tag, long most) throws CorruptImageException {
        Entry entry = entries.get(tag);
        if (entry == null) {
            return new long[0];
        }
        long[] numbers = new long[(int) Math.min(entry.count(), most)];
        int at = (int) entry.at();
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = switch (entry.type()) {
                case BYTE, UNDEFINED -> Byte.toUnsignedLong(file.get(at + i));
                case SHORT -> Short.toUnsignedLong(file.getShort(at + 2 * i));
                case LONG, IFD -> Integer.toUnsignedLong(file.getInt(at + 4 * i));
                case SIGNED_BYTE -> file.get(at + i);
                case SIGNED_SHORT -> file.getShort(at + 2 * i);
                case SIGNED_LONG -> file.getInt(at + 4 * i);
                case LONG8, SIGNED_LONG8, IFD8 -> file.getLong(at + 8 * i);
                default -> throw new CorruptImageException("its tag %d is not a whole number".formatted(tag));
            };
        }
        return numbers;
    }

    /** The values of a tag that are ratios of two whole numbers; the first so many of them. None where the tag has others. */
    double[] ratios(int tag, int most) {
        Entry entry = entries.get(tag);
        if (entry == null || entry.type() != RATIONAL) {
            return new double[0];
        }
        double[] ratios = new double[(int) Math.min(entry.count(), most)];
        for (int i = 0; i < ratios.length; i++) {
            int at = (int) entry.at() + 8 * i;
            ratios[i] = Integer.toUnsignedLong(file.getInt(at)) / (double) Integer.toUnsignedLong(file.getInt(at + 4));
        }
        return ratios;
    }

    /** The bytes of a tag's values; none where the tag is missing. */
    byte[] bytes(int tag) {
        Entry entry = entries.get(tag);
        if (entry == null) {
            return new byte[0];
        }
        int from = file.arrayOffset() + (int) entry.at();
        return Arrays.copyOfRange(file.array(), from, from + (int) (entry.count() * SIZES[entry.type()]));
    }
}
