package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.process.MemoryPlan;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * The pixels that all requests together may hold decoded. There is an eighth more for small images: a small one gets its share while
 * large ones wait for theirs. Thread-safe.
 */
@Component
public final class PixelBudget {

    private static final Logger log = LoggerFactory.getLogger(PixelBudget.class);

    /**
     * Heap for one pixel from the decoded image to the response: its samples, its classes and objects, and a drawing of them. An
     * image whose decoding takes more counts as more pixels. See docs/measurements/memory.md.
     */
    static final long BYTES_PER_PIXEL = 19;

    private static final int FOR_SMALL = 8;

    private static final String REFUSAL =
            "images of %,d pixels are in progress; with these %,d they would exceed the limit of %,d"
                    + " (gnserve.limits.max-pixels-in-flight). Send the request again in a moment.";

    private final Budget large;
    private final Budget small;
    private final Duration patience;

    @Autowired
    PixelBudget(UploadLimits limits, MemoryPlan plan) {
        this(limits.pixelsInFlight(fitting(plan)), Budget.PATIENCE);
        log.info(
                "At most {} pixels are decoded at the same time; the largest image has {}",
                large.total(),
                Math.min(large.total(), limits.maxPixels()));
    }

    /** The pixels for which the plan has room, of which small images have an eighth more. */
    public static long fitting(MemoryPlan plan) {
        return plan.images() / BYTES_PER_PIXEL * FOR_SMALL / (FOR_SMALL + 1);
    }

    /** @param pixels for images of any size; small ones have an eighth more */
    PixelBudget(long pixels, Duration patience) {
        this.large = new Budget(pixels, patience, REFUSAL);
        this.small = new Budget(pixels / FOR_SMALL, patience, REFUSAL);
        this.patience = patience;
    }

    /** Without a limit, for commands that work on one image at a time. */
    static PixelBudget unlimited() {
        return new PixelBudget(Integer.MAX_VALUE, Duration.ZERO);
    }

    /** The pixels of the largest image that fits. */
    public int total() {
        return large.total();
    }

    /**
     * Takes a share.
     *
     * @throws dev.gnserve.failure.FailureException IMAGE_TOO_LARGE if the image never fits; OVERLOADED if its share is not free in time
     */
    public Share take(long pixels) {
        return take(pixels, patience);
    }

    /** As {@link #take}, for work that no client waits for: waits up to a minute. */
    Share takePatiently(long pixels) {
        return take(pixels, Duration.ofMinutes(1));
    }

    private Share take(long pixels, Duration wait) {
        requireFits(pixels);
        Share share = takeAtOnce(pixels);
        return share != null ? share : (isSmall(pixels) ? small : large).take(pixels, wait);
    }

    /** As {@link #take(long)}, without waiting: null if the share is not free now, or other requests wait for theirs. */
    @Nullable
    Share takeAtOnce(long pixels) {
        requireFits(pixels);
        Share share = large.takeAtOnce(pixels);
        return share == null && isSmall(pixels) ? small.takeAtOnce(pixels) : share;
    }

    /** So that several small ones fit into what is kept for them. */
    private boolean isSmall(long pixels) {
        return pixels <= small.total() / 2;
    }

    private void requireFits(long pixels) {
        if (pixels > large.total()) {
            throw Failure.of(
                            FailureCode.IMAGE_TOO_LARGE,
                            ("the image takes about %,d MB of memory from its decoding to the response, and one image may take"
                                            + " %,d MB of the Java heap of %,d MB: send a smaller image, or give the process more memory")
                                    .formatted(
                                            megabytes(pixels * BYTES_PER_PIXEL),
                                            megabytes(large.total() * BYTES_PER_PIXEL),
                                            megabytes(Runtime.getRuntime().maxMemory())))
                    .asException();
        }
    }

    private static long megabytes(long bytes) {
        return bytes >> 20;
    }

    /** Whether images hold shares now. */
    boolean isTaken() {
        return large.isTaken() || small.isTaken();
    }

    /** The arrays of one image were too much: they are garbage now, and other requests go on. The image has given back its share. */
    Failure heapTooSmall(Throwable cause) {
        long heap = Runtime.getRuntime().maxMemory();
        log.warn("The Java heap of {} bytes is too small for an image", heap, cause);
        if (isTaken()) {
            String detail =
                    "the Java heap of %,d MB has no room for this image beside the others that are here now: send it again later"
                            .formatted(heap >> 20);
            return new Failure(FailureCode.OVERLOADED, detail, Budget.PATIENCE, cause);
        }
        return Failure.of(
                FailureCode.IMAGE_TOO_LARGE,
                "the Java heap of %,d MB has no room for this image: send a smaller one, or give the process more memory"
                        .formatted(heap >> 20));
    }
}
