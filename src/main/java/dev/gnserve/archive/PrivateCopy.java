package dev.gnserve.archive;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that only this process sees, written once and then read: in a file without a name, or, where no file can be written, in the
 * heap as far as a quarter of that is enough. Thread-safe.
 *
 * <p>{@link RandomAccessFile} and not a channel: a thread that is interrupted while it reads would close a channel for all
 * others.
 */
final class PrivateCopy implements ByteSource, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(PrivateCopy.class.getName());

    private static final int BUFFER = 1 << 16;

    private final Path path;
    private final @Nullable RandomAccessFile file;
    private final byte[] memory;
    private final long size;

    private PrivateCopy(Path path, @Nullable RandomAccessFile file, byte[] memory, long size) {
        this.path = path;
        this.file = file;
        this.memory = memory;
        this.size = size;
    }

    /** Writes the bytes. */
    @FunctionalInterface
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Makes a copy.
     *
     * @throws IOException if the content cannot be read or, saying so, if there is room for the copy nowhere
     */
    static PrivateCopy of(Content content) throws IOException {
        return of(content, Runtime.getRuntime().maxMemory() / 4);
    }

    /**
     * As {@link #of(Content)}.
     *
     * @param mostMemory bytes of heap that are used where no file can be written
     */
    static PrivateCopy of(Content content, long mostMemory) throws IOException {
        Spool spool = new Spool(mostMemory);
        try (OutputStream out = new BufferedOutputStream(spool, BUFFER)) {
            content.writeTo(out);
            out.flush();
            return spool.copy();
        } catch (IOException | RuntimeException | Error e) {
            spool.abandon();
            throw e;
        }
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
        if (file == null) {
            System.arraycopy(memory, Math.toIntExact(position), into, offset, length);
            return;
        }
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
                PrivateCopy.this.read(position, into, offset, count);
                position += count;
                return count;
            }
        };
    }

    @Override
    public void close() {
        if (file != null) {
            close(file, path);
        }
    }

    private static void close(RandomAccessFile file, Path path) {
        try {
            file.close();
            Files.deleteIfExists(path); // Where an open file keeps its name.
        } catch (IOException e) {
            LOG.log(DEBUG, () -> path + " is not closed and deleted", e);
        }
    }

    /** Takes the bytes; a file that cannot be written any more is read back into the heap. */
    private static final class Spool extends OutputStream {

        private final long mostMemory;
        private Path path = Path.of("");
        private @Nullable RandomAccessFile file;
        private @Nullable ByteArrayOutputStream memory;
        private long written;

        Spool(long mostMemory) {
            this.mostMemory = mostMemory;
            try {
                path = Files.createTempFile("gnserve-", ".archive"); // For its owner alone.
                file = new RandomAccessFile(path.toFile(), "rw");
                Files.deleteIfExists(path); // The open file stays, where the system allows it.
            } catch (IOException e) {
                if (file == null) {
                    memory = new ByteArrayOutputStream();
                    tell(e);
                }
            }
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            ByteArrayOutputStream heap = memory;
            if (heap == null && file != null) {
                try {
                    file.write(bytes, offset, length);
                    written += length;
                    return;
                } catch (IOException e) {
                    heap = readBack(file, e);
                    memory = heap;
                }
            }
            if (heap != null) {
                requireRoom(written + length, null);
                heap.write(bytes, offset, length);
                written += length;
            }
        }

        private ByteArrayOutputStream readBack(RandomAccessFile full, IOException cause) throws IOException {
            requireRoom(written, cause);
            tell(cause);
            byte[] bytes = new byte[Math.toIntExact(written)];
            full.seek(0);
            full.readFully(bytes);
            abandon();
            ByteArrayOutputStream heap = new ByteArrayOutputStream();
            heap.writeBytes(bytes);
            return heap;
        }

        private void requireRoom(long bytes, @Nullable IOException cause) throws IOException {
            if (bytes > Math.min(mostMemory, Integer.MAX_VALUE - 8)) {
                throw new IOException(
                        "a private copy of the archive finds no room in " + System.getProperty("java.io.tmpdir")
                                + ", and the heap holds only " + mostMemory
                                + " bytes of it; make room there, or set java.io.tmpdir to a folder that has some",
                        cause);
            }
        }

        private static void tell(IOException cause) {
            LOG.log(
                    WARNING,
                    () -> "the private copy of an archive is held in the heap, since "
                            + System.getProperty("java.io.tmpdir") + " cannot be written: " + cause.getMessage());
        }

        PrivateCopy copy() {
            byte[] bytes = memory == null ? new byte[0] : memory.toByteArray();
            return new PrivateCopy(path, memory == null ? file : null, bytes, written);
        }

        void abandon() {
            if (file != null) {
                PrivateCopy.close(file, path);
                file = null;
            }
        }
    }
}
