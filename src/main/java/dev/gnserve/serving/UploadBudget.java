package dev.gnserve.serving;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * The bytes of bodies that all requests together may hold. They count as they are read, so that a client that announces
 * much and sends little takes no room from others. Thread-safe.
 */
@Component
final class UploadBudget {

    private static final Logger log = LoggerFactory.getLogger(UploadBudget.class);

    /** Of heap for one byte of a body: tensors in JSON become several times as large when they are read. */
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

    /** The share of a request, of which nothing has been read yet. */
    Room open() {
        return new Room(bytes.take(0));
    }

    /** What the bytes of one request take. For its thread. */
    static final class Room implements AutoCloseable {

        private final Budget.Taken taken;

        private Room(Budget.Taken taken) {
            this.taken = taken;
        }

        /** The same bytes, which take room when they are read; reading fails with OVERLOADED when there is none in time. */
        InputStream counted(InputStream body) {
            return new FilterInputStream(body) {
                @Override
                public int read() throws IOException {
                    int one = in.read();
                    taken.growBy(one < 0 ? 0 : 1);
                    return one;
                }

                @Override
                public int read(byte[] into, int offset, int length) throws IOException {
                    int count = in.read(into, offset, length);
                    taken.growBy(Math.max(0, count));
                    return count;
                }
            };
        }

        @Override
        public void close() {
            taken.close();
        }
    }
}
