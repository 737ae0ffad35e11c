package dev.gnserve.volume;

import dev.gnserve.image.CorruptImageException;
import dev.gnserve.image.NpyHeader;
import dev.gnserve.image.UnsupportedImageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Arrays of NumPy in one file, as {@code numpy.savez} and {@code numpy.savez_compressed} write them: a zip file with an entry
 * {@code NAME.npy} for each.
 */
final class NpzFile {

    private static final String ENDING = ".npy";

    /** Headers of NumPy have some hundred bytes. */
    private static final int HEADER_BYTES = 1 << 16;

    private static final int MOST_ENTRIES = 1000;

    /** All that is inflated to find an array. */
    private static final long MOST_INFLATED = 1L << 31;

    private static final int NAME_SHOWN = 40;

    private NpzFile() {}

    static boolean isOf(byte[] bytes) {
        return bytes.length > 4 && bytes[0] == 'P' && bytes[1] == 'K' && bytes[2] == 3 && bytes[3] == 4;
    }

    /**
     * Which array is read.
     *
     * @param wanted its name; null for the only one
     * @throws IOException naming the arrays, if it is not there or if there are several
     */
    static String choose(byte[] file, @Nullable String wanted) throws IOException {
        List<String> names = new ArrayList<>();
        try (Entries entries = new Entries(file)) {
            for (ZipEntry entry = entries.next(); entry != null; entry = entries.next()) {
                if (entry.getName().endsWith(ENDING)) {
                    names.add(entry.getName().substring(0, entry.getName().length() - ENDING.length()));
                }
            }
        }
        if (names.isEmpty()) {
            throw new UnsupportedImageException(
                    "it is a zip file without an array (.npy) in it; save arrays with numpy.savez_compressed, or unpack it and send one file");
        }
        if (wanted == null ? names.size() > 1 : !names.contains(wanted)) {
            throw new UnsupportedImageException(
                    "it has the arrays %s%s: save the one that is wanted alone, or choose it with the parameter array of segment"
                            .formatted(shown(names), wanted == null ? "" : ", and '" + wanted + "' is wanted"));
        }
        return wanted == null ? names.get(0) : wanted;
    }

    private static String shown(List<String> names) {
        List<String> some = names.subList(0, Math.min(10, names.size()));
        return some.stream()
                        .map(name -> name.length() > NAME_SHOWN ? name.substring(0, NAME_SHOWN) + "..." : name)
                        .collect(Collectors.joining(", "))
                + (names.size() > some.size() ? " and " + (names.size() - some.size()) + " more" : "");
    }

    /** The header of an array, without its values. */
    static NpyHeader header(byte[] file, String name) throws IOException {
        return NpyHeader.read(start(file, name, HEADER_BYTES));
    }

    /**
     * An array as a file of its own.
     *
     * @param bytes that it has by its header
     * @throws CorruptImageException if it has fewer or more
     */
    static byte[] array(byte[] file, String name, long bytes) throws IOException {
        byte[] array = start(file, name, Math.toIntExact(bytes + 1));
        if (array.length != bytes) {
            throw new CorruptImageException("its array %s has %s %,d bytes and needs %,d"
                    .formatted(
                            name, array.length > bytes ? "more than" : "only", Math.min(array.length, bytes), bytes));
        }
        return array;
    }

    private static byte[] start(byte[] file, String name, int most) throws IOException {
        try (Entries entries = new Entries(file)) {
            for (ZipEntry entry = entries.next(); entry != null; entry = entries.next()) {
                if (entry.getName().equals(name + ENDING)) {
                    return entries.read(most);
                }
            }
        }
        throw new CorruptImageException("its array " + name + " is not there a second time");
    }

    /** The entries of the file, of which at most so many bytes are inflated. */
    private static final class Entries implements AutoCloseable {

        private final ZipInputStream zip;
        private final byte[] skipped = new byte[HEADER_BYTES];
        private long left = MOST_INFLATED;
        private int count;

        Entries(byte[] file) {
            zip = new ZipInputStream(new ByteArrayInputStream(file));
        }

        /** The next one; what is left of the one before is skipped. Null behind the last one. */
        @Nullable
        ZipEntry next() throws IOException {
            try {
                for (int read = zip.read(skipped); read >= 0; read = zip.read(skipped)) {
                    left -= read;
                    if (left < 0) {
                        throw new UnsupportedImageException(
                                "its entries have more than %,d bytes; save the array that is wanted alone"
                                        .formatted(MOST_INFLATED));
                    }
                }
                if (++count > MOST_ENTRIES) {
                    throw new UnsupportedImageException(
                            "it has more than %,d entries; save the array that is wanted alone"
                                    .formatted(MOST_ENTRIES));
                }
                return zip.getNextEntry();
            } catch (ZipException e) {
                throw refusal(e);
            }
        }

        byte[] read(int most) throws IOException {
            try {
                return zip.readNBytes(most);
            } catch (ZipException e) {
                throw refusal(e);
            }
        }

        /** Java's reader of streams does not know every form of zip files. */
        private static IOException refusal(ZipException e) {
            String why = String.valueOf(e.getMessage());
            return why.contains("EXT descriptor") || why.contains("encrypted") || why.contains("compression method")
                    ? new UnsupportedImageException("its form of a zip file is not read (" + why
                            + "); save it to a file with numpy.savez_compressed")
                    : new CorruptImageException("its zip structure is damaged: " + why);
        }

        @Override
        public void close() throws IOException {
            zip.close();
        }
    }
}
