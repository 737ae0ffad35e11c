package dev.gnserve.archive;

import java.io.InputStream;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The files of a zip, without the root folder that they share, read as data. Sizes are checked as in {@link ZipDirectory}; for a
 * damaged zip every method throws {@link TorchScriptException}. Thread-safe.
 */
public final class ZipFolder {

    /** A compressed zip within a zip is held in memory. torch.save and torch.export.save compress nothing. */
    private static final int MAX_INFLATED = 1 << 28;

    private final ByteSource source;
    private final Map<String, ZipDirectory.Entry> entries;

    private ZipFolder(ByteSource source, Map<String, ZipDirectory.Entry> entries) {
        this.source = source;
        this.entries = entries;
    }

    /** Null if the bytes do not end like a zip. */
    static @Nullable ZipFolder of(ByteSource source) {
        List<ZipDirectory.Entry> directory = ZipDirectory.read(source);
        if (directory == null) {
            return null;
        }
        String first = directory.isEmpty() ? "" : directory.get(0).name();
        String root = first.substring(0, first.indexOf('/') + 1);
        boolean shared = directory.stream().allMatch(entry -> entry.name().startsWith(root));
        Map<String, ZipDirectory.Entry> entries = new LinkedHashMap<>();
        directory.forEach(entry -> entries.put(shared ? entry.name().substring(root.length()) : entry.name(), entry));
        return new ZipFolder(source, entries);
    }

    /** Names of the files, in the order of the zip. */
    public Set<String> names() {
        return Collections.unmodifiableSet(entries.keySet());
    }

    public boolean has(String name) {
        return entries.containsKey(name);
    }

    /** Number of bytes of a file. */
    public long size(String name) {
        return entry(name).size();
    }

    /** The content of a file of at most {@code limit} bytes, whose checksum is checked. */
    public byte[] bytes(String name, int limit) {
        return ZipDirectory.content(source, entry(name), limit);
    }

    /** A file that is a zip itself. */
    public ZipFolder nested(String name) {
        ZipDirectory.Entry entry = entry(name);
        ByteSource content = entry.deflated()
                ? ByteSource.of(ZipDirectory.content(source, entry, MAX_INFLATED))
                : part(entry.position(), entry.size());
        ZipFolder folder = of(content);
        if (folder == null) {
            throw ZipDirectory.damaged("its entry " + ZipDirectory.printable(name) + " is no zip");
        }
        return folder;
    }

    /** The content of a file, whose checksum is not checked. */
    InputStream open(String name) {
        return ZipDirectory.open(source, entry(name));
    }

    /** The checksum of a file (CRC-32), as the zip declares it. */
    long checksum(String name) {
        return entry(name).crc();
    }

    private ZipDirectory.Entry entry(String name) {
        ZipDirectory.Entry entry = entries.get(name);
        if (entry == null) {
            throw ZipDirectory.damaged("it has no entry " + ZipDirectory.printable(name));
        }
        return entry;
    }

    private ByteSource part(long from, long length) {
        return new ByteSource() {
            @Override
            public long size() {
                return length;
            }

            @Override
            public byte[] read(long position, int count) {
                if (position < 0 || count < 0 || position > length - count) {
                    throw ZipDirectory.damaged("a zip within it is cut off");
                }
                return source.read(from + position, count);
            }
        };
    }
}
