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
 * A private copy of bytes, written once: in a file without a name, or in the heap if no file can be written. All copies together
 * use at most an eighth of the heap. Thread-safe.
 *
 * <p>Reads with {@link RandomAccessFile}, because an interrupted thread closes a {@code FileChannel} for all threads.
 */
final class PrivateCopy implements ByteSource, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(PrivateCopy.class.getName());

    private static final int BUFFER = 1 << 16;

    private static final long MAX_HEAP = Runtime.getRuntime().maxMemory() / 8;

    /** Heap bytes of all copies in this process. */
    private static final AtomicLong HEAP_BYTES = new AtomicLong();

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

    /** Writes the bytes to copy. */
    @FunctionalInterface
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Makes a copy.
     *
     * @throws IOException if the content cannot be read, or if there is no room for the copy
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
            HEAP_BYTES.addAndGet(-size);
        }
    }

    private static void close(RandomAccessFile file, Path path) {
        try {
            file.close();
            Files.deleteIfExists(path); // On systems where an open file keeps its name.
        } catch (IOException e) {
            LOG.log(DEBUG, () -> path + " cannot be closed and deleted", e);
        }
    }

    /** Receives the bytes. If the file cannot be written any more, its content is moved to the heap. */
    private static final class Spool extends OutputStream {

        private Path path = Path.of("");
        private @Nullable RandomAccessFile file;
        private @Nullable ByteArrayOutputStream memory;
        private long written;
        private long heapBytes;

        Spool() {
            try {
                path = Files.createTempFile("gnserve-", ".archive"); // Only its owner may read it.
                file = new RandomAccessFile(path.toFile(), "rw");
                Files.deleteIfExists(path); // Removes the name; the open file stays.
            } catch (IOException e) {
                if (file == null) {
                    memory = new ByteArrayOutputStream();
                    warn(e);
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
                    heap = moveToHeap(file, e);
                    memory = heap;
                }
            }
            if (heap != null) {
                reserveHeap(length, null);
                heap.write(bytes, offset, length);
                written += length;
            }
        }

        private ByteArrayOutputStream moveToHeap(RandomAccessFile full, IOException cause) throws IOException {
            reserveHeap(written, cause);
            warn(cause);
            byte[] bytes = new byte[Math.toIntExact(written)];
            full.seek(0);
            full.readFully(bytes);
            closeFile();
            ByteArrayOutputStream heap = new ByteArrayOutputStream();
            heap.writeBytes(bytes);
            return heap;
        }

        private void reserveHeap(long bytes, @Nullable IOException cause) throws IOException {
            heapBytes += bytes;
            if (HEAP_BYTES.addAndGet(bytes) > MAX_HEAP || heapBytes > Integer.MAX_VALUE - 8) {
                throw new IOException(
                        "there is no room for a private copy of the archive in " + System.getProperty("java.io.tmpdir")
                                + ", and the heap holds at most " + MAX_HEAP
                                + " bytes of such copies. Free some space there, or set java.io.tmpdir to another folder",
                        cause);
            }
        }

        private static void warn(IOException cause) {
            LOG.log(
                    WARNING,
                    () -> "the private copy of an archive is kept in the heap, because "
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
            HEAP_BYTES.addAndGet(-heapBytes);
            heapBytes = 0;
        }
    }
}
