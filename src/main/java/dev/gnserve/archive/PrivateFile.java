package dev.gnserve.archive;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that only this process sees, written once and then read. Thread-safe.
 *
 * <p>{@link RandomAccessFile} and not a channel: a thread that is interrupted while it reads would close a channel for all
 * others.
 */
final class PrivateFile implements ByteSource, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(PrivateFile.class.getName());

    private static final int BUFFER = 1 << 16;

    private final Path path;
    private final RandomAccessFile file;
    private final long size;

    private PrivateFile(Path path, RandomAccessFile file, long size) {
        this.path = path;
        this.file = file;
        this.size = size;
    }

    /** What the file holds. */
    @FunctionalInterface
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Makes a file.
     *
     * @throws IOException if the content cannot be read, or, saying so, if the file cannot be written
     */
    static PrivateFile create(Content content) throws IOException {
        Path path;
        try {
            path = Files.createTempFile("gnserve-", ".archive"); // For its owner alone.
        } catch (IOException e) {
            throw notWritten(e);
        }
        try {
            try (OutputStream out = new BufferedOutputStream(new Named(Files.newOutputStream(path)), BUFFER)) {
                content.writeTo(out);
            }
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
            PrivateFile made = new PrivateFile(path, file, file.length());
            made.delete(); // The open file stays readable, where the system allows it.
            return made;
        } catch (IOException | RuntimeException | Error e) {
            Files.deleteIfExists(path);
            throw e;
        }
    }

    private static IOException notWritten(IOException cause) {
        return new IOException(
                "a private copy of the archive cannot be written to " + System.getProperty("java.io.tmpdir") + " ("
                        + cause.getMessage()
                        + "); give it room for every archive that is loaded, or set java.io.tmpdir",
                cause);
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public byte[] read(long position, int length) {
        if (position < 0 || length < 0 || length > size - position) {
            throw new TorchScriptException(
                    "the archive ends at byte " + size + ", inside one of its entries: it is truncated");
        }
        byte[] bytes = new byte[length];
        try {
            read(position, bytes, 0, length);
        } catch (IOException e) {
            throw new TorchScriptException("the private copy of the archive cannot be read: " + e.getMessage(), e);
        }
        return bytes;
    }

    private synchronized void read(long position, byte[] into, int offset, int length) throws IOException {
        file.seek(position);
        for (int done = 0; done < length; ) {
            int count = file.read(into, offset + done, length - done);
            if (count < 0) {
                throw new EOFException("it ends at byte " + (position + done));
            }
            done += count;
        }
    }

    InputStream newInputStream() {
        return new InputStream() {
            private long position;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                int count = (int) Math.min(length, size - position);
                if (count == 0) {
                    return length == 0 ? 0 : -1;
                }
                PrivateFile.this.read(position, into, offset, count);
                position += count;
                return count;
            }
        };
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            LOG.log(DEBUG, () -> path + " does not close", e);
        }
        delete();
    }

    private void delete() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.log(DEBUG, () -> path + " is deleted when it is closed", e);
        }
    }

    /** Says of a write that fails that it was the private file's. */
    private static final class Named extends OutputStream {

        private final OutputStream out;

        Named(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                throw notWritten(e);
            }
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
