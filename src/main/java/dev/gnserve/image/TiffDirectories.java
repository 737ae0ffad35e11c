package dev.gnserve.image;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * Adds up what the directories of a TIFF file say that they hold (TIFF 6.0, section 2, and BigTIFF), without reading it.
 *
 * <p>Decoders read every value of every directory into objects, whether it is of use or not. Values may lie on each other:
 * of one megabyte, a thousand tags can make a gigabyte.
 */
final class TiffDirectories {

    /** Stacks have thousands of pages; a list of sub-directories could name millions. */
    private static final int MOST_DIRECTORIES = 100_000;

    private static final int BIG = 43;
    private static final int SUB_DIRECTORIES = 330;
    private static final int EXIF = 34_665;
    private static final int GPS = 34_853;
    private static final int INTEROPERABILITY = 40_965;

    /** By type, from 1; of types that there are not, decoders skip the value. */
    private static final int[] SIZES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};

    private final ByteBuffer file;
    private final boolean big;
    private final Deque<Long> ahead = new ArrayDeque<>();
    private final Set<Long> seen = new HashSet<>();
    private long held;

    private TiffDirectories(byte[] bytes) {
        this.file = ByteBuffer.wrap(bytes).order(bytes[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        this.big = file.getShort(2) == BIG;
    }

    /**
     * How many bytes all values of all directories have.
     *
     * @throws CorruptImageException if they have more than twice the bytes of the file
     */
    static long bytesHeld(byte[] bytes) throws CorruptImageException {
        TiffDirectories directories = new TiffDirectories(bytes);
        directories.walk();
        return directories.held;
    }

    private void walk() throws CorruptImageException {
        add(big ? file.getLong(8) : Integer.toUnsignedLong(file.getInt(4)));
        while (!ahead.isEmpty()) {
            try {
                readDirectory(file.position(Math.toIntExact(ahead.remove())));
            } catch (BufferUnderflowException e) {
                // It ends early; decoders tell what that means for them.
            }
        }
    }

    private void add(long at) throws CorruptImageException {
        if (at <= 0 || at >= file.limit() || !seen.add(at)) {
            return;
        }
        if (seen.size() > MOST_DIRECTORIES) {
            throw new CorruptImageException("it has more than %d directories".formatted(MOST_DIRECTORIES));
        }
        ahead.add(at);
    }

    private void readDirectory(ByteBuffer directory) throws CorruptImageException {
        long entries = big ? directory.getLong() : Short.toUnsignedLong(directory.getShort());
        for (long i = 0; i < entries; i++) {
            int tag = Short.toUnsignedInt(directory.getShort());
            int type = Short.toUnsignedInt(directory.getShort());
            long count = big ? directory.getLong() : Integer.toUnsignedLong(directory.getInt());
            long value = big ? directory.getLong() : Integer.toUnsignedLong(directory.getInt());
            hold(big ? 20 : 12);
            int size = type < SIZES.length ? SIZES[type] : 0;
            if (count < 0 || (size > 0 && count > file.limit() / size)) {
                // More than the file has: decoders skip or refuse it.
                continue;
            }
            boolean inline = size * count <= (big ? 8 : 4);
            hold(inline ? 0 : size * count);
            if (tag == SUB_DIRECTORIES || tag == EXIF || tag == GPS || tag == INTEROPERABILITY) {
                follow(value, inline ? 1 : count, size);
            }
        }
        add(big ? directory.getLong() : Integer.toUnsignedLong(directory.getInt()));
    }

    private void follow(long value, long count, int size) throws CorruptImageException {
        if (count == 1) {
            add(value);
            return;
        }
        for (long i = 0; i < count && (size == 4 || size == 8); i++) {
            long at = value + i * size;
            if (at < 0 || at + size > file.limit()) {
                return;
            }
            add(size == 4 ? Integer.toUnsignedLong(file.getInt((int) at)) : file.getLong((int) at));
        }
    }

    private void hold(long bytes) throws CorruptImageException {
        held += bytes;
        if (held > 2L * file.limit()) {
            throw new CorruptImageException(
                    "its directories hold more than the %d bytes of the file".formatted(file.limit()));
        }
    }
}
