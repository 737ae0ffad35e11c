package dev.gnserve.program;

import dev.gnserve.archive.ArchiveSnapshot;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/** The programs of src/test/resources/programs. */
public final class Programs {

    private Programs() {}

    /** The bytes of a file: {@code torch-2.15/unet.pt2}. */
    public static byte[] bytes(String file) {
        try (InputStream in = Programs.class.getResourceAsStream("/programs/" + file)) {
            return Objects.requireNonNull(in, file).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Opens a file as gnserve does. */
    public static ArchiveSnapshot open(String file) {
        return open(bytes(file), file);
    }

    static ArchiveSnapshot open(byte[] archive, String name) {
        try {
            return ArchiveFile.read(new ByteArrayInputStream(archive), name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A program whose JSON reads otherwise. */
    public static byte[] withJson(String file, UnaryOperator<String> change) {
        Map<String, byte[]> entries = entries(bytes(file));
        entries.replaceAll((name, content) -> name.contains("/models/") || name.startsWith("serialized_exported")
                ? change.apply(new String(content, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8)
                : content);
        return zip(entries);
    }

    static Map<String, byte[]> entries(byte[] zip) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                entries.put(entry.getName(), in.readAllBytes());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return entries;
    }

    static byte[] zip(Map<String, byte[]> entries) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> file : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(file.getKey());
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(file.getValue().length);
                CRC32 crc = new CRC32();
                crc.update(file.getValue());
                entry.setCrc(crc.getValue());
                out.putNextEntry(entry);
                out.write(file.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
