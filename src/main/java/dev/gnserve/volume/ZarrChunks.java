package dev.gnserve.volume;

import dev.gnserve.image.UnsupportedImageException;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The chunks in one file of an array, open: one, or those of a shard. Not thread-safe. */
final class ZarrChunks implements Closeable {

    private final ZarrArray array;
    private final @Nullable ZarrFile file;

    /** Null without shards. */
    private final @Nullable ByteBuffer index;

    /**
     * Opens a file.
     *
     * @param name of the file in the folder of the array; it need not be there
     * @throws IOException if it cannot be read
     */
    ZarrChunks(ZarrArray array, String name) throws IOException {
        ZarrShards shards = array.shards();
        this.array = array;
        this.file = ZarrFile.open(array.folder().resolve(name), (shards == null ? "chunk " : "shard ") + name);
        try {
            this.index = file == null || shards == null ? null : shards.index(file);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * The values of a chunk; null if it is not there, so that all of them are the array's fill value.
     *
     * @param number in the file
     * @throws IOException if it cannot be read
     */
    @Nullable
    ByteBuffer chunk(int number) throws IOException {
        if (file == null) {
            return null;
        }
        int bytes = array.chunkBytes();
        long most = ZarrCodecs.most(bytes);
        byte[] stored = index == null ? file.all(most) : ZarrShards.chunk(file, index, number, most);
        try {
            return stored == null ? null : array.codecs().decode(stored, bytes);
        } catch (UnsupportedImageException e) {
            throw e;
        } catch (IOException e) {
            throw file.damaged(e instanceof EOFException ? "it ends too early" : String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }
}
