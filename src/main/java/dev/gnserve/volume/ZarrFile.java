package dev.gnserve.volume;

import dev.gnserve.image.CorruptImageException;
import dev.gnserve.image.UnsupportedImageException;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** A file in a folder of Zarr, open. A file that cannot be reached does not pass as one that is not there. Not thread-safe. */
final class ZarrFile implements Closeable {

    private final FileChannel channel;
    private final String what;
    private final long size;

    private ZarrFile(FileChannel channel, String what, long size) {
        this.channel = channel;
        this.what = what;
        this.size = size;
    }

    /**
     * Opens a file; null if it is not there.
     *
     * @param what it is, in words
     * @throws IOException if it cannot be reached
     */
    static @Nullable ZarrFile open(Path file, String what) throws IOException {
        try {
            BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
            if (!found.isRegularFile()) {
                throw new CorruptImageException("its %s is no file".formatted(what));
            }
            return new ZarrFile(FileChannel.open(file), what, found.size());
        } catch (NoSuchFileException e) {
            for (Path path = file; path != null && !Files.exists(path); path = path.getParent()) {
                if (Files.isSymbolicLink(path)) {
                    throw new CorruptImageException(
                            "its %s cannot be read: the link %s leads nowhere".formatted(what, path.getFileName()));
                }
            }
            return null;
        } catch (CorruptImageException e) {
            throw e;
        } catch (IOException e) {
            throw unreadable(what, e);
        }
    }

    private static CorruptImageException unreadable(String what, IOException thrown) {
        String reason = thrown instanceof FileSystemException system ? system.getReason() : thrown.getMessage();
        return new CorruptImageException("its %s cannot be read: %s"
                .formatted(what, reason == null ? thrown.getClass().getSimpleName() : reason));
    }

    long size() {
        return size;
    }

    /** What is to be thrown if its content is wrong. */
    CorruptImageException damaged(String why) {
        return new CorruptImageException("its %s is damaged: %s".formatted(what, why));
    }

    /**
     * All of it.
     *
     * @throws IOException if it is longer than {@code most}, or cannot be read
     */
    byte[] all(long most) throws IOException {
        if (size > most) {
            throw new UnsupportedImageException(
                    "its %s has %,d bytes; at most %,d are read".formatted(what, size, most));
        }
        return read(0, (int) size);
    }

    /**
     * A part of it.
     *
     * @throws IOException if it cannot be read
     */
    byte[] read(long from, int length) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(length);
        try {
            while (into.hasRemaining()) {
                if (channel.read(into, from + into.position()) < 0) {
                    throw new EOFException("it became shorter while it was read");
                }
            }
        } catch (IOException e) {
            throw unreadable(what, e);
        }
        return into.array();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
