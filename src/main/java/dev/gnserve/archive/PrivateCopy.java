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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that only this process sees, written once and then read: in a file without a name, or, where no file can be written, in the
 * heap, of which all copies together take an eighth at most. Thread-safe.
 *
 * <p>{@link RandomAccessFile} and not a channel: a thread that is interrupted while it reads would close a channel for all
 * others.
 */
final class PrivateCopy implements ByteSource, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(PrivateCopy.class.getName());

    private static final int BUFFER = 1 << 16;

    private static final long MOST_HEAP = Runtime.getRuntime().maxMemory() / 8;

    /** Of all copies in this process. */
    private static final AtomicLong HEAP_TAKEN = new AtomicLong();

    private final Path path;
    private final @Nullable RandomAccessFile file;
    private final byte[] memory;
    private final long size;
    private final AtomicBoolean closed = new AtomicBoolean();

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
        Spool spool = new Spool();
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
        } else if (!closed.getAndSet(true)) {
            HEAP_TAKEN.addAndGet(-size);
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

        private Path path = Path.of("");
        private @Nullable RandomAccessFile file;
        private @Nullable ByteArrayOutputStream memory;
        private long written;
        private long heapTaken;

        Spool() {
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
                takeHeap(length, null);
                heap.write(bytes, offset, length);
                written += length;
            }
        }

        private ByteArrayOutputStream readBack(RandomAccessFile full, IOException cause) throws IOException {
            takeHeap(written, cause);
            tell(cause);
            byte[] bytes = new byte[Math.toIntExact(written)];
            full.seek(0);
            full.readFully(bytes);
            closeFile();
            ByteArrayOutputStream heap = new ByteArrayOutputStream();
            heap.writeBytes(bytes);
            return heap;
        }

        private void takeHeap(long bytes, @Nullable IOException cause) throws IOException {
            heapTaken += bytes;
            if (HEAP_TAKEN.addAndGet(bytes) > MOST_HEAP || heapTaken > Integer.MAX_VALUE - 8) {
                throw new IOException(
                        "a private copy of the archive finds no room in " + System.getProperty("java.io.tmpdir")
                                + ", and the heap takes no more than " + MOST_HEAP
                                + " bytes of such copies; make room there, or set java.io.tmpdir to a folder that has some",
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

        private void closeFile() {
            if (file != null) {
                PrivateCopy.close(file, path);
                file = null;
            }
        }

        void abandon() {
            closeFile();
            HEAP_TAKEN.addAndGet(-heapTaken);
            heapTaken = 0;
        }
    }
}
