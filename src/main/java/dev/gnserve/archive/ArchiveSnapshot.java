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
 * A copy of an archive's bytes. The list of layers, the verification and the loaded model all use one snapshot, so a later
 * change of the file affects none of them.
 *
 * <p>The bytes are copied once into a private file in {@code java.io.tmpdir}. On systems that allow it, the file has no name, so
 * that it disappears when the process is killed. So an archive can be larger than the heap. If no file can be written, the heap
 * holds the bytes; all copies together use at most an eighth of it. Thread-safe until it is closed.
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
     * @throws TorchScriptException if it does not exist or is not a file
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
     * Copies an archive that was made from another one.
     *
     * @throws TorchScriptException if the archive is damaged
     * @throws IOException if there is no room for the copy
     */
    public static ArchiveSnapshot of(TorchScriptArchive archive, String name) throws IOException {
        return of(archive::writeTo, name);
    }

    /**
     * Keeps what is written to a stream.
     *
     * @throws IOException if there is no room for the copy
     */
    public static ArchiveSnapshot written(Content content, String name) throws IOException {
        return of(content::writeTo, name);
    }

    /** Writes the bytes of an archive. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    private static ArchiveSnapshot of(PrivateCopy.Content content, String name) throws IOException {
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

    /** The archive's name in messages. */
    public String name() {
        return name;
    }

    /** SHA-256 of the bytes, in lower-case hexadecimal digits. */
    public String sha256() {
        return sha256;
    }

    /** The number of bytes. */
    public long size() {
        return copy.size();
    }

    /** Opens the bytes from the start. Several streams may be open at the same time. */
    public InputStream newInputStream() {
        return new BufferedInputStream(copy.newInputStream(), BUFFER);
    }

    /**
     * The archive as data, read on the first call. Valid as long as the snapshot is open.
     *
     * @throws TorchScriptException if it is not a TorchScript archive, or is damaged
     */
    public synchronized TorchScriptArchive torchScript() {
        TorchScriptArchive read = torchScript;
        if (read == null) {
            read = TorchScriptArchive.of(copy);
            torchScript = read;
        }
        return read;
    }

    /** The files of the archive, if it is a zip of any kind; null if it is none. Valid as long as the snapshot is open. */
    public @Nullable ZipFolder folder() {
        return ZipFolder.of(copy);
    }

    /** Deletes the copy. Closing again does nothing. */
    @Override
    public void close() {
        copy.close();
    }

    @Override
    public String toString() {
        return name + " (" + size() + " bytes, SHA-256 " + sha256 + ")";
    }
}
