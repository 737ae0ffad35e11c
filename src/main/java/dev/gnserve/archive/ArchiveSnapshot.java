package dev.gnserve.archive;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a model's archive as they were when they were read. Inventory, verification and the engine's copy of a
 * model are made from one snapshot. A file that changes later changes none of them.
 *
 * <p>The bytes are read once, into a private file in {@code java.io.tmpdir} that has no name on systems that allow it. So an
 * archive may be larger than the heap, and nothing stays behind when the process is killed. Where no file can be written, the
 * heap holds the bytes, of all archives together an eighth of it at most. Thread-safe until it is closed.
 */
public final class ArchiveSnapshot implements AutoCloseable {

    private static final int BUFFER = 1 << 16;

    private final String name;
    private final PrivateCopy copy;
    private final String sha256;
    private @Nullable TorchScriptArchive torchScript; // guarded by this

    private ArchiveSnapshot(String name, PrivateCopy copy, String sha256) {
        this.name = name;
        this.copy = copy;
        this.sha256 = sha256;
    }

    /** Writes an archive's bytes to a stream. */
    @FunctionalInterface
    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Reads a stream to its end; the caller closes it.
     *
     * @param name of the archive, for messages
     * @throws IOException if the stream cannot be read or there is no room for the copy
     */
    public static ArchiveSnapshot read(InputStream archive, String name) throws IOException {
        return of(archive::transferTo, name);
    }

    /**
     * Reads a file.
     *
     * @throws TorchScriptException if it is not there, or no file
     * @throws IOException if it cannot be read or there is no room for the copy
     */
    public static ArchiveSnapshot read(Path archive) throws IOException {
        if (!Files.isRegularFile(archive)) {
            throw new TorchScriptException(archive + (Files.exists(archive) ? " is not a file" : " does not exist"));
        }
        try (InputStream in = Files.newInputStream(archive)) {
            return read(in, archive.toString());
        }
    }

    /**
     * Writes an archive that was made from another one.
     *
     * @throws TorchScriptException if it is not sound
     * @throws IOException if there is no room for the copy
     */
    public static ArchiveSnapshot of(TorchScriptArchive archive, String name) throws IOException {
        return of(archive::writeTo, name);
    }

    private static ArchiveSnapshot of(Content content, String name) throws IOException {
        MessageDigest digest = sha256Digest();
        PrivateCopy copy = PrivateCopy.of(out -> {
            DigestOutputStream digesting = new DigestOutputStream(out, digest);
            content.writeTo(digesting);
            digesting.flush();
        });
        return new ArchiveSnapshot(name, copy, HexFormat.of().formatHex(digest.digest()));
    }

    private static MessageDigest sha256Digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** What the archive is called in messages. */
    public String name() {
        return name;
    }

    /** SHA-256 of the bytes, in lower-case hexadecimal digits. */
    public String sha256() {
        return sha256;
    }

    /** How many bytes it has. */
    public long size() {
        return copy.size();
    }

    /** The bytes from the first one on; any number of streams may be open at a time. */
    public InputStream newInputStream() {
        return new BufferedInputStream(copy.newInputStream(), BUFFER);
    }

    /**
     * The archive as TorchScript; read on the first call. Valid as long as the snapshot is open.
     *
     * @throws TorchScriptException if it is none, or not sound
     */
    public synchronized TorchScriptArchive torchScript() {
        TorchScriptArchive read = torchScript;
        if (read == null) {
            read = TorchScriptArchive.of(copy);
            torchScript = read;
        }
        return read;
    }

    /** Gives the private copy back; closing again does nothing. */
    @Override
    public void close() {
        copy.close();
    }

    @Override
    public String toString() {
        return name + " (" + size() + " bytes, SHA-256 " + sha256 + ")";
    }
}
