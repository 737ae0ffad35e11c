package dev.gnserve.pipeline;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/** The pixels that may be decoded at the same time by all requests together. Thread-safe. */
@Component
public final class PixelBudget {

    private static final Logger log = LoggerFactory.getLogger(PixelBudget.class);

    /**
     * Of heap for one pixel, from its upload to its mask: the decoder's raster, the upright image, planes of floats for the
     * tiles in flight and for the output.
     */
    private static final long BYTES_PER_PIXEL = 64;

    private final Budget pixels;

    @Autowired
    PixelBudget(UploadLimits limits) {
        this(limits.pixelsInFlight(Runtime.getRuntime().maxMemory() / BYTES_PER_PIXEL), Budget.PATIENCE);
        log.info("At most {} pixels are decoded at the same time", pixels.total());
    }

    PixelBudget(long pixels, Duration patience) {
        this.pixels = new Budget(
                pixels,
                patience,
                "images of %,d pixels are being worked on, with these %,d they would be more than %,d"
                        + " (gnserve.limits.max-pixels-in-flight); come back in a moment");
    }

    /**
     * Room for an image; one that is larger than the whole budget gets the whole budget.
     *
     * @throws dev.gnserve.failure.FailureException OVERLOADED when there is none in time
     */
    public Share take(long wanted) {
        return pixels.take(wanted);
    }

    /** As {@link #take} for work that no client waits for: it waits for a minute. */
    Share takePatiently(long wanted) {
        return pixels.take(wanted, Duration.ofMinutes(1));
    }

    /** As {@link #take} without waiting: null when there is no room now. */
    @Nullable
    Share takeAtOnce(long wanted) {
        return pixels.takeAtOnce(wanted);
    }
}
