package dev.gnserve.archive;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Bytes with random access. Nothing stays open between reads, so an archive needs no closing. */
interface ByteSource {

    long size();

    /** Reads exactly {@code length} bytes from {@code position}. */
    byte[] read(long position, int length);

    static ByteSource of(byte[] bytes) {
        return new ByteSource() {
            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public byte[] read(long position, int length) {
                if (position < 0 || length < 0 || position + length > bytes.length) {
                    throw new TorchScriptException("the archive ends at byte " + bytes.length
                            + ", inside one of its entries: it is truncated");
                }
                byte[] slice = new byte[length];
                System.arraycopy(bytes, (int) position, slice, 0, length);
                return slice;
            }
        };
    }

    static ByteSource of(Path file) {
        long size;
        try {
            if (!Files.isRegularFile(file)) {
                throw new TorchScriptException(file + (Files.exists(file) ? " is not a file" : " does not exist"));
            }
            size = Files.size(file);
        } catch (IOException e) {
            throw new TorchScriptException(file + " cannot be read: " + e.getMessage(), e);
        }
        return new ByteSource() {
            @Override
            public long size() {
                return size;
            }

            @Override
            public byte[] read(long position, int length) {
                if (position < 0 || length < 0 || position + length > size) {
                    throw new TorchScriptException(
                            "the archive ends at byte " + size + ", inside one of its entries: it is truncated");
                }
                ByteBuffer buffer = ByteBuffer.allocate(length);
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                    while (buffer.hasRemaining()) {
                        if (channel.read(buffer, position + buffer.position()) < 0) {
                            throw new EOFException("it became shorter while it was read");
                        }
                    }
                } catch (IOException e) {
                    throw new TorchScriptException(file + " cannot be read: " + e.getMessage(), e);
                }
                return buffer.array();
            }
        };
    }
}
