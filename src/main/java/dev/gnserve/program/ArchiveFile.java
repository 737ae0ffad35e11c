package dev.gnserve.program;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.archive.TorchScriptWriter;
import dev.gnserve.archive.ZipFolder;
import dev.gnserve.program.ProgramConverter.Converted;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The border where a file with a model is opened. A program of {@code torch.export} becomes a TorchScript archive here, so that
 * everything behind it knows one kind of archive (docs/decisions/0025-pt2-programs.md). What a file is follows from its content.
 */
public final class ArchiveFile {

    private static final String ROOT = "program";

    private static final int LONGEST_MESSAGE = 1000;

    private ArchiveFile() {}

    /**
     * Reads a file.
     *
     * @return the archive in it; for a program, the TorchScript archive that it becomes, with {@link ProgramFacts}
     * @throws TorchScriptException if it does not exist or is not a file, or if it is a program that cannot be served
     * @throws IOException if it cannot be read or there is no room for the copy
     */
    public static ArchiveSnapshot read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new TorchScriptException(file + (Files.exists(file) ? " is not a file" : " does not exist"));
        }
        try (InputStream in = Files.newInputStream(file)) {
            return read(in, file.toString());
        }
    }

    /**
     * Reads a stream to its end, as {@link #read(Path)}; the caller closes it.
     *
     * @param name of the archive, for messages
     */
    public static ArchiveSnapshot read(InputStream in, String name) throws IOException {
        ArchiveSnapshot read = ArchiveSnapshot.read(in, name);
        try {
            ZipFolder folder = folder(read);
            if (folder == null || !ProgramFile.is(folder)) {
                return read;
            }
            Converted converted = ProgramConverter.convert(ProgramFile.of(folder));
            ArchiveSnapshot archive = ArchiveSnapshot.written(
                    out -> TorchScriptWriter.write(
                            converted.module(),
                            ROOT,
                            TorchScriptWriter.CURRENT_VERSION,
                            Map.of(ProgramFacts.FILE, converted.facts().json()),
                            out),
                    name);
            read.close();
            return archive;
        } catch (TorchScriptException e) {
            read.close();
            throw new TorchScriptException(printable(String.valueOf(e.getMessage())), e);
        } catch (IOException | RuntimeException | Error e) {
            read.close();
            throw e;
        }
    }

    /** Names in a program can hold anything; a message is one line of a log. */
    private static String printable(String message) {
        String line = message.replaceAll("\\p{Cntrl}", "?");
        return line.length() > LONGEST_MESSAGE ? line.substring(0, LONGEST_MESSAGE) + "..." : line;
    }

    /** Null for what is no zip, and for a damaged zip: reading it as an archive says what is wrong. */
    private static @Nullable ZipFolder folder(ArchiveSnapshot read) {
        try {
            return read.folder();
        } catch (TorchScriptException e) {
            return null;
        }
    }
}
