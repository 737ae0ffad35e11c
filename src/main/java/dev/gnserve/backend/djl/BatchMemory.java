package dev.gnserve.backend.djl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Native memory for the inputs of batches, shared by all sessions: a pass takes a buffer and gives it back. So models without requests
 * hold none. Keeps as many free buffers as passes run at a time, the largest ones. Thread-safe.
 */
final class BatchMemory {

    /** libtorch's own allocations are aligned so; its vector loops like it. */
    private static final int ALIGNMENT = 64;

    private final int most;
    private final List<ByteBuffer> free = new ArrayList<>(); // the smallest first; guarded by this

    /** @param most free buffers that are kept */
    BatchMemory(int most) {
        this.most = most;
    }

    /** A buffer of so many bytes or more, of any content, for {@link #giveBack}. */
    ByteBuffer take(int bytes) {
        synchronized (this) {
            for (int i = 0; i < free.size(); i++) { // By number: buffers are compared by their content.
                if (free.get(i).capacity() >= bytes) {
                    return free.remove(i);
                }
            }
            if (free.size() >= most) {
                free.remove(0); // It makes room for the new one, which comes back.
            }
        }
        int whole = Math.multiplyExact((bytes + ALIGNMENT - 1) / ALIGNMENT, ALIGNMENT);
        return ByteBuffer.allocateDirect(Math.addExact(whole, ALIGNMENT))
                .alignedSlice(ALIGNMENT)
                .slice(0, whole)
                .order(ByteOrder.nativeOrder());
    }

    /** No array may use the buffer any more. */
    synchronized void giveBack(ByteBuffer buffer) {
        free.add(buffer.clear());
        free.sort(Comparator.comparingInt(ByteBuffer::capacity));
        if (free.size() > most) {
            free.remove(0);
        }
    }

    /** Bytes of free buffers. */
    synchronized long free() {
        return free.stream().mapToLong(ByteBuffer::capacity).sum();
    }
}
