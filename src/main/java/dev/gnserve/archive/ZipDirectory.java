package dev.gnserve.archive;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The directory of a zip, read with every count and size checked against the bytes that are there.
 *
 * <p>{@code java.util.zip} is not used for reading because it needs a file, and because the engine itself goes by the
 * central directory: two readers that disagree about an archive are how checks are bypassed, so an entry whose local
 * header tells another story is refused. Layout: PKWARE APPNOTE 6.3.10, 4.3.7 to 4.3.16, with zip64.
 */
final class ZipDirectory {

    /** A root folder may have a colon in its name: PyTorch takes the name of the file that it saves to, such as a time. */
    private static final Pattern DRIVE = Pattern.compile("[A-Za-z]:");

    private static final int END = 0x06054b50;
    private static final int END64 = 0x06064b50;
    private static final int END64_LOCATOR = 0x07064b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int LOCAL = 0x04034b50;
    private static final int END_SIZE = 22;
    private static final int MAX_COMMENT = 65_535;
    private static final int MAX_ENTRIES = 100_000;
    private static final int MAX_DIRECTORY_BYTES = 32 << 20;

    /** So many bytes may come out of an archive however it is compressed. */
    private static final long MAX_INFLATED_FREELY = 64L << 20;

    /** Weights hardly compress; an archive that inflates to more than this many times its size is made to exhaust memory. */
    private static final int MAX_RATIO = 20;

    /**
     * One file of the zip.
     *
     * @param crc CRC-32 of the content as the directory declares it
     * @param position where the content starts, stored or deflated
     */
    record Entry(String name, boolean deflated, long crc, long compressedSize, long size, long position) {}

    private ZipDirectory() {}

    /** The entries in the order of the directory, or null when the bytes do not end like a zip. */
    static @Nullable List<Entry> read(ByteSource source) {
        long size = source.size();
        if (size < END_SIZE) {
            return null;
        }
        int tailLength = (int) Math.min(size, END_SIZE + MAX_COMMENT + 20);
        ByteBuffer tail = buffer(source.read(size - tailLength, tailLength));
        int end = tailLength - END_SIZE;
        while (end >= 0 && !(tail.getInt(end) == END && end + END_SIZE + unsigned(tail, end + 20) == tailLength)) {
            end--;
        }
        if (end < 0) {
            return null;
        }
        for (int other = end + 1; other <= tailLength - 4; other++) {
            if (tail.getInt(other) == END) {
                throw damaged("its comment holds another directory");
            }
        }
        long count = unsigned(tail, end + 10);
        long directorySize = tail.getInt(end + 12) & 0xffffffffL;
        long directoryAt = tail.getInt(end + 16) & 0xffffffffL;
        long directoryEnd = size - tailLength + end;
        if (end >= 20 && tail.getInt(end - 20) == END64_LOCATOR) {
            long end64At = tail.getLong(end - 12);
            if (end64At < 0 || end64At > directoryEnd - 56) {
                throw damaged("its zip64 end record lies outside the file");
            }
            ByteBuffer end64 = buffer(source.read(end64At, 56));
            if (end64.getInt(0) != END64) {
                throw damaged("its zip64 end record is missing");
            }
            count = end64.getLong(32);
            directorySize = end64.getLong(40);
            directoryAt = end64.getLong(48);
            directoryEnd = end64At;
        }
        if (count < 0 || count > MAX_ENTRIES) {
            throw damaged("it claims " + count + " entries; at most " + MAX_ENTRIES + " are read");
        }
        if (directorySize < 0 || directorySize > MAX_DIRECTORY_BYTES) {
            throw damaged("its directory claims " + directorySize + " bytes");
        }
        if (directoryAt < 0 || directoryAt > directoryEnd - directorySize) {
            throw damaged("its directory lies outside the file");
        }
        ByteBuffer directory = buffer(source.read(directoryAt, (int) directorySize));
        List<Entry> entries = entries(source, directory, (int) count, directoryAt);
        if (!entries.isEmpty() && buffer(source.read(0, 4)).getInt(0) != LOCAL) {
            throw damaged("it begins with something that is not its first entry");
        }
        requireOwnBytes(entries, size);
        return entries;
    }

    /** Entries that share bytes, or are compressed beyond all measure, make a large archive of a small file. */
    private static void requireOwnBytes(List<Entry> entries, long fileSize) {
        long compressed = 0;
        long inflated = 0;
        for (Entry entry : entries) {
            compressed += entry.compressedSize();
            inflated = entry.size() > Long.MAX_VALUE - inflated ? Long.MAX_VALUE : inflated + entry.size();
        }
        if (compressed > fileSize) {
            throw damaged("its entries claim " + compressed + " bytes together, and it has " + fileSize);
        }
        if (inflated > MAX_INFLATED_FREELY && inflated / MAX_RATIO > fileSize) {
            throw new TorchScriptException("the zip has " + fileSize + " bytes and would inflate to " + inflated
                    + ", more than " + MAX_RATIO + " times as many: it is refused. torch.jit.save does not compress;"
                    + " export the model again");
        }
    }

    private static List<Entry> entries(ByteSource source, ByteBuffer directory, int count, long dataEnd) {
        List<Entry> entries = new ArrayList<>();
        Set<String> names = new HashSet<>();
        int at = 0;
        for (int i = 0; i < count; i++) {
            if (directory.limit() - at < 46 || directory.getInt(at) != CENTRAL) {
                throw damaged("entry " + i + " of its directory is not one");
            }
            int flags = unsigned(directory, at + 8);
            int method = unsigned(directory, at + 10);
            long crc = directory.getInt(at + 16) & 0xffffffffL;
            long compressed = directory.getInt(at + 20) & 0xffffffffL;
            long size = directory.getInt(at + 24) & 0xffffffffL;
            int nameLength = unsigned(directory, at + 28);
            int extraLength = unsigned(directory, at + 30);
            int commentLength = unsigned(directory, at + 32);
            long local = directory.getInt(at + 42) & 0xffffffffL;
            int next = at + 46 + nameLength + extraLength + commentLength;
            if (next > directory.limit()) {
                throw damaged("entry " + i + " of its directory is cut off");
            }
            String name = text(directory, at + 46, nameLength);
            int extra = at + 46 + nameLength;
            int extraEnd = extra + extraLength;
            while (extra + 4 <= extraEnd) {
                int id = unsigned(directory, extra);
                int length = unsigned(directory, extra + 2);
                if (extra + 4 + length > extraEnd) {
                    break;
                }
                if (id == 1) {
                    int field = extra + 4;
                    int fieldEnd = field + length;
                    if (size == 0xffffffffL && field + 8 <= fieldEnd) {
                        size = directory.getLong(field);
                        field += 8;
                    }
                    if (compressed == 0xffffffffL && field + 8 <= fieldEnd) {
                        compressed = directory.getLong(field);
                        field += 8;
                    }
                    if (local == 0xffffffffL && field + 8 <= fieldEnd) {
                        local = directory.getLong(field);
                    }
                }
                extra += 4 + length;
            }
            at = next;
            check(name);
            if (!names.add(name)) {
                throw damaged("it has two entries named " + name);
            }
            if ((flags & 1) != 0) {
                throw damaged("its entry " + name + " is encrypted");
            }
            if (method != 0 && method != 8) {
                throw damaged("its entry " + name + " uses compression method " + method
                        + "; only stored and deflated entries are read");
            }
            if (method == 0 && compressed != size) {
                throw damaged("its entry " + name + " is stored, but claims two sizes: " + compressed + " and " + size);
            }
            if (name.endsWith("/") && size == 0) {
                continue;
            }
            long position = contentPosition(source, name, local, dataEnd);
            if (compressed < 0 || size < 0 || compressed > dataEnd - position) {
                throw damaged("its entry " + name + " claims " + compressed + " bytes, more than the file has there");
            }
            entries.add(new Entry(name, method == 8, crc, compressed, size, position));
        }
        return entries;
    }

    private static long contentPosition(ByteSource source, String name, long local, long dataEnd) {
        if (local < 0 || local > dataEnd - 30) {
            throw damaged("its entry " + name + " lies outside the file");
        }
        ByteBuffer header = buffer(source.read(local, 30));
        int nameLength = unsigned(header, 26);
        int extraLength = unsigned(header, 28);
        if (header.getInt(0) != LOCAL || local + 30 + nameLength + extraLength > dataEnd) {
            throw damaged("its entry " + name + " has no header of its own");
        }
        if (!text(buffer(source.read(local + 30, nameLength)), 0, nameLength).equals(name)) {
            throw damaged("its entry " + name + " has another name in its own header");
        }
        return local + 30 + nameLength + extraLength;
    }

    private static void check(String name) {
        boolean traversal = name.isEmpty()
                || name.startsWith("/")
                || name.indexOf('\\') >= 0
                || name.indexOf('\0') >= 0
                || DRIVE.matcher(name).lookingAt()
                || ("/" + name + "/").contains("/../");
        if (traversal) {
            throw damaged("its entry name \"" + printable(name) + "\" points outside the archive");
        }
    }

    /** The content of an entry, inflated on the way; never more than {@link Entry#size} bytes, an error when fewer. */
    static InputStream open(ByteSource source, Entry entry) {
        InputStream raw = new SliceInputStream(source, entry.position(), entry.compressedSize());
        return new ExactInputStream(entry.deflated() ? inflating(raw) : raw, entry);
    }

    /** The whole content of an entry, with its checksum compared. */
    static byte[] content(ByteSource source, Entry entry, int limit) {
        byte[] content = unchecked(source, entry, limit);
        CRC32 crc = new CRC32();
        crc.update(content);
        if (crc.getValue() != entry.crc()) {
            throw damaged("its entry " + entry.name() + " fails its checksum");
        }
        return content;
    }

    /** The whole content of an entry as it is, like the engine reads it. */
    static byte[] unchecked(ByteSource source, Entry entry, int limit) {
        if (entry.size() > limit) {
            throw damaged("its entry " + entry.name() + " claims " + entry.size() + " bytes; at most " + limit
                    + " are read of such an entry");
        }
        try (InputStream in = open(source, entry)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new TorchScriptException("the entry " + entry.name() + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static InputStream inflating(InputStream raw) {
        Inflater inflater = new Inflater(true);
        return new InflaterInputStream(raw, inflater) {
            @Override
            public void close() throws IOException {
                super.close();
                inflater.end();
            }
        };
    }

    private static int unsigned(ByteBuffer buffer, int at) {
        return buffer.getShort(at) & 0xffff;
    }

    private static ByteBuffer buffer(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static String text(ByteBuffer buffer, int at, int length) {
        byte[] bytes = new byte[length];
        buffer.get(at, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static String printable(String name) {
        StringBuilder text = new StringBuilder();
        name.codePoints().limit(100).forEach(c -> {
            if (c < 0x20 || c > 0x7e) {
                text.append(String.format("\\u%04x", c));
            } else {
                text.appendCodePoint(c);
            }
        });
        return text.toString();
    }

    static TorchScriptException damaged(String how) {
        return new TorchScriptException("the zip is damaged: " + how + ". Copy or export the file again");
    }

    /** Reads a range of a source in blocks. */
    private static final class SliceInputStream extends InputStream {

        private static final int BLOCK = 1 << 20;

        private final ByteSource source;
        private long position;
        private final long end;
        private byte[] block = new byte[0];
        private int at;

        SliceInputStream(ByteSource source, long position, long length) {
            this.source = source;
            this.position = position;
            this.end = position + length;
        }

        @Override
        public int read() {
            return fill() ? block[at++] & 0xff : -1;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            if (length == 0) {
                return 0;
            }
            if (!fill()) {
                return -1;
            }
            int n = Math.min(length, block.length - at);
            System.arraycopy(block, at, into, offset, n);
            at += n;
            return n;
        }

        private boolean fill() {
            if (at < block.length) {
                return true;
            }
            if (position >= end) {
                return false;
            }
            block = source.read(position, (int) Math.min(BLOCK, end - position));
            position += block.length;
            at = 0;
            return true;
        }
    }

    /** Ends after exactly the declared size and turns every fault below it into the archive's own error. */
    private static final class ExactInputStream extends InputStream {

        private final InputStream in;
        private final Entry entry;
        private long left;

        ExactInputStream(InputStream in, Entry entry) {
            this.in = in;
            this.entry = entry;
            this.left = entry.size();
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            if (length == 0) {
                return 0;
            }
            if (left == 0) {
                return -1;
            }
            int n;
            try {
                n = in.read(into, offset, (int) Math.min(length, left));
            } catch (IOException e) {
                throw new TorchScriptException(
                        "the zip is damaged: its entry " + entry.name() + " cannot be inflated (" + e.getMessage()
                                + "). Copy or export the file again",
                        e);
            }
            if (n < 0) {
                throw damaged("its entry " + entry.name() + " claims " + entry.size() + " bytes and ends " + left
                        + " bytes early");
            }
            left -= n;
            return n;
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
