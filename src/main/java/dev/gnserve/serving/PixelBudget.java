package dev.gnserve.serving;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * The pixels that may be decoded at the same time by all requests together, so that many uploads cannot take more memory
 * than there is although each is within the limits. Who finds no room waits a moment, in the order of arrival. Thread-safe.
 */
@Component
public final class PixelBudget {

    private static final Logger log = LoggerFactory.getLogger(PixelBudget.class);

    /**
     * Of heap for one pixel, from its upload to its mask: the decoder's raster, the upright image, planes of floats for the
     * tiles in flight and for the output.
     */
    private static final long BYTES_PER_PIXEL = 64;

    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final int total;
    private final Semaphore free;
    private final Duration patience;

    @Autowired
    PixelBudget(UploadLimits limits) {
        this(limits.pixelsInFlight(Runtime.getRuntime().maxMemory() / BYTES_PER_PIXEL), PATIENCE);
        log.info("At most {} pixels are decoded at the same time", total);
    }

    PixelBudget(long pixels, Duration patience) {
        this.total = Math.toIntExact(Math.min(pixels, Integer.MAX_VALUE));
        this.free = new Semaphore(total, true);
        this.patience = patience;
    }

    /** Room for the pixels of one image, until it is closed; closing it again does nothing. */
    public interface Share extends AutoCloseable {

        /** Keeps room for these pixels, if it had as much, and gives back the rest: what only decoding took. */
        default void reduceTo(long pixels) {}

        @Override
        void close();
    }

    /**
     * Room for an image; one that is larger than the whole budget gets the whole budget.
     *
     * @throws dev.gnserve.failure.FailureException OVERLOADED when there is none in time
     */
    public Share take(long pixels) {
        int wanted = (int) Math.min(pixels, total);
        boolean taken;
        try {
            taken = free.tryAcquire(wanted, patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            taken = false;
        }
        if (!taken) {
            throw new Failure(
                            FailureCode.OVERLOADED,
                            "images of %,d pixels are being worked on, with these %,d they would be more than %,d (gnserve.limits.max-pixels-in-flight); come back in a moment"
                                    .formatted(total - free.availablePermits(), wanted, total),
                            PATIENCE,
                            null)
                    .asException();
        }
        return new Taken(wanted);
    }

    private final class Taken implements Share {

        private int pixels;

        private Taken(int pixels) {
            this.pixels = pixels;
        }

        @Override
        public synchronized void reduceTo(long wanted) {
            int kept = (int) Math.min(wanted, pixels);
            free.release(pixels - kept);
            pixels = kept;
        }

        @Override
        public void close() {
            reduceTo(0);
        }
    }
}
