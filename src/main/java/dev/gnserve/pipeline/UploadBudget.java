package dev.gnserve.pipeline;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * The bytes of bodies that all requests together may hold. They count as they are read ({@link UploadValve}), so that a client
 * that announces much and sends little takes no room from others. Thread-safe.
 */
@Component
final class UploadBudget {

    private static final Logger log = LoggerFactory.getLogger(UploadBudget.class);

    /**
     * Of heap for one byte of a body. Tensors in JSON become several times as large when they are read. Of an image in a
     * multipart body there are two copies, that of the web server and ours, and a third while ours is made.
     */
    private static final long HEAP_PER_BYTE = 8;

    private final Budget bytes;

    @Autowired
    UploadBudget(UploadLimits limits) {
        this(limits.uploadBytesInFlight(Runtime.getRuntime().maxMemory() / HEAP_PER_BYTE), Budget.PATIENCE);
        log.info("At most {} bytes of uploads are held at the same time", bytes.total());
    }

    UploadBudget(long bytes, Duration patience) {
        this.bytes = new Budget(
                bytes,
                patience,
                "uploads of %,d bytes are being worked on, with %,d more they would be more than %,d"
                        + " (gnserve.limits.max-upload-size-in-flight); come back in a moment");
    }

    /** The share of a request of whose body nothing has been read yet. */
    Room open() {
        return new Room();
    }

    /** Room for the bytes of one request's body. For its thread. */
    final class Room implements AutoCloseable {

        private final Budget.Taken taken = bytes.take(0);
        private int held;

        /**
         * Takes room for bytes that were read. A body that is larger than the whole budget takes the whole budget and no more: the limit
         * of one body refuses it, with a reason that lets its client not come back.
         *
         * @throws dev.gnserve.failure.FailureException OVERLOADED when there is no room in time
         */
        void take(int read) {
            int more = Math.min(read, bytes.total() - held);
            taken.growBy(more);
            held += more;
        }

        @Override
        public void close() {
            taken.close();
        }
    }
}
