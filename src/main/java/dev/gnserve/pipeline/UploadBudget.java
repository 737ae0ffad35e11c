package dev.gnserve.pipeline;

import dev.gnserve.process.MemoryPlan;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * The bytes of request bodies that all requests together may hold. {@link UploadValve} counts them as they are read, so that a client
 * that announces much and sends little takes nothing from others. {@link OutputHeap} counts a third of the bytes of outputs. Thread-safe.
 */
@Component
final class UploadBudget extends Budget {

    private static final Logger log = LoggerFactory.getLogger(UploadBudget.class);

    /** Heap for one byte of a body: an image in a multipart body exists in the web server and here, and once more while it is copied. */
    static final long HEAP_PER_BYTE = 3;

    @Autowired
    UploadBudget(UploadLimits limits, MemoryPlan plan) {
        this(limits.uploadBytesInFlight(plan.uploads() / HEAP_PER_BYTE), PATIENCE);
        log.info("At most {} bytes of uploads are held at the same time", total());
    }

    UploadBudget(long bytes, Duration patience) {
        super(
                bytes,
                patience,
                "uploads of %,d bytes are in progress (outputs of tensors count a third); with %,d more they would exceed the limit of %,d"
                        + " (gnserve.limits.max-upload-size-in-flight). Send the request again in a moment.");
    }
}
