package dev.gnserve.volume;

import dev.gnserve.image.Cancellation;
import dev.gnserve.image.CorruptImageException;
import dev.gnserve.image.NpyHeader;
import dev.gnserve.image.UnsupportedImageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * One array of a file of NumPy, as {@code numpy.savez} and {@code numpy.savez_compressed} write it: a zip file with an entry
 * {@code NAME.npy} for each array. It is found by the directory of the zip file (PKWARE APPNOTE 6.3.10, 4.3.7 to 4.3.16), so nothing of
 * the other entries is inflated.
 */
final class NpzFile {

    private static final String ENDING = ".npy";

    /** Headers of NumPy have some hundred bytes. */
    private static final int HEADER_BYTES = 1 << 16;

    private static final int MOST_ENTRIES = 1000;
    private static final int NAME_SHOWN = 40;

    /** Bytes of the array between two questions whether it is still wanted. */
    private static final int CHUNK = 1 << 16;

    private static final int LOCAL = 0x04034b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int MOST_COMMENT = 65_535;

    private final byte[] file;
    private final String name;
    private final Entry entry;

    /**
     * What the directory says of an array.
     *
     * @param stored bytes of it in the file, at most
     * @param at where its own header is
     */
    private record Entry(boolean encrypted, int method, int crc, long stored, int at) {}

    private NpzFile(byte[] file, String name, Entry entry) {
        this.file = file;
        this.name = name;
        this.entry = entry;
    }

    static boolean isOf(byte[] bytes) {
        return bytes.length > 4 && bytes[0] == 'P' && bytes[1] == 'K' && bytes[2] == 3 && bytes[3] == 4;
    }

    /**
     * Chooses an array.
     *
     * @param wanted its name; null for the only one
     * @throws IOException naming the arrays, if it is not there or if there are several
     */
    static NpzFile choose(byte[] file, @Nullable String wanted) throws IOException {
        Map<String, Entry> arrays = arrays(file);
        List<String> names = List.copyOf(arrays.keySet());
        if (names.isEmpty()) {
            throw new UnsupportedImageException(
                    "it is a zip file without an array (.npy) in it; save arrays with numpy.savez_compressed, or unpack it and send one file");
        }
        String name = wanted == null ? names.get(0) : wanted;
        Entry entry = arrays.get(name);
        if (entry == null || (wanted == null && names.size() > 1)) {
            throw new UnsupportedImageException(
                    "it has the arrays %s%s: save the one that is wanted alone, or choose it with the parameter array of segment"
                            .formatted(shown(names), wanted == null ? "" : ", and '" + wanted + "' is wanted"));
        }
        return new NpzFile(file, name, entry);
    }

    /** The arrays by name. Of two with the same name the last one counts, as for Python. */
    private static Map<String, Entry> arrays(byte[] file) throws IOException {
        ByteBuffer zip = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int first = Math.max(0, file.length - END_BYTES - MOST_COMMENT);
        int end = file.length - END_BYTES;
        while (end >= first && zip.getInt(end) != END) {
            end--;
        }
        if (end < first) {
            throw damaged("it has no directory at its end");
        }
        int count = zip.getShort(end + 10) & 0xFFFF;
        if (count > MOST_ENTRIES) {
            throw new UnsupportedImageException(
                    "it has more than %,d entries; save the array that is wanted alone".formatted(MOST_ENTRIES));
        }
        Map<String, Entry> arrays = new LinkedHashMap<>();
        int at = zip.getInt(end + 16);
        for (int i = 0; i < count; i++) {
            if (at < 0 || zip.getInt(at) != CENTRAL) {
                throw damaged("entry %d of its directory is not one".formatted(i));
            }
            int length = zip.getShort(at + 28) & 0xFFFF;
            String name = new String(file, at + 46, length, StandardCharsets.UTF_8);
            if (name.endsWith(ENDING)) {
                arrays.put(
                        name.substring(0, name.length() - ENDING.length()),
                        new Entry(
                                (zip.getShort(at + 8) & 1) != 0,
                                zip.getShort(at + 10) & 0xFFFF,
                                zip.getInt(at + 16),
                                zip.getInt(at + 20) & 0xFFFF_FFFFL,
                                zip.getInt(at + 42)));
            }
            at += 46 + length + (zip.getShort(at + 30) & 0xFFFF) + (zip.getShort(at + 32) & 0xFFFF);
        }
        return arrays;
    }

    private static String shown(List<String> names) {
        List<String> some = names.subList(0, Math.min(10, names.size()));
        return some.stream()
                        .map(name -> name.length() > NAME_SHOWN ? name.substring(0, NAME_SHOWN) + "..." : name)
                        .collect(Collectors.joining(", "))
                + (names.size() > some.size() ? " and " + (names.size() - some.size()) + " more" : "");
    }

    /** The header, without the values: of the array, no more than this is inflated. */
    NpyHeader header() throws IOException {
        try (InputStream content = content()) {
            return NpyHeader.read(content.readNBytes(HEADER_BYTES));
        } catch (ZipException e) {
            throw damaged(String.valueOf(e.getMessage()));
        }
    }

    /**
     * The array as a file of its own.
     *
     * @param bytes that it has by its header; no more are inflated
     * @param cancellation asked at each chunk
     * @throws CorruptImageException if it has fewer or more, or another checksum than the directory says
     */
    byte[] array(int bytes, Cancellation cancellation) throws IOException {
        byte[] array = new byte[bytes];
        int filled = 0;
        CRC32 crc = new CRC32();
        try (InputStream content = content()) {
            int read = 0;
            while (filled < bytes && read >= 0) {
                cancellation.throwIfCancelled();
                read = content.read(array, filled, Math.min(CHUNK, bytes - filled));
                crc.update(array, filled, Math.max(0, read));
                filled += Math.max(0, read);
            }
            if (filled < bytes || content.read() >= 0) {
                throw new CorruptImageException("its array %s has %s %,d bytes and needs %,d"
                        .formatted(name, filled < bytes ? "only" : "more than", filled, bytes));
            }
        } catch (ZipException e) {
            throw damaged(String.valueOf(e.getMessage()));
        }
        if ((int) crc.getValue() != entry.crc) {
            throw damaged("its array %s fails its checksum".formatted(name));
        }
        return array;
    }

    private InputStream content() throws IOException {
        ByteBuffer zip = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (entry.encrypted || (entry.method != 0 && entry.method != 8)) {
            throw new UnsupportedImageException(
                    "its form of a zip file is not read (%s); save it to a file with numpy.savez_compressed"
                            .formatted(entry.encrypted ? "encrypted" : "compression method " + entry.method));
        }
        if (zip.getInt(entry.at) != LOCAL) {
            throw damaged("its array %s is not where its directory says".formatted(name));
        }
        int from = entry.at + 30 + (zip.getShort(entry.at + 26) & 0xFFFF) + (zip.getShort(entry.at + 28) & 0xFFFF);
        int stored = (int) Math.min(entry.stored, Math.max(0, file.length - from));
        InputStream content = new ByteArrayInputStream(file, from, stored);
        return entry.method == 0
                ? content
                : new InflaterInputStream(content, new Inflater(true), CHUNK) {
                    @Override
                    public void close() throws IOException {
                        super.close();
                        inf.end(); // The stream ends only an inflater that it made.
                    }
                };
    }

    private static CorruptImageException damaged(String how) {
        return new CorruptImageException("its zip structure is damaged: " + how);
    }
}
