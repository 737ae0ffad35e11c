package dev.gnserve.pipeline;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/** The pixels that all requests together may hold decoded. Thread-safe. */
@Component
public final class PixelBudget extends Budget {

    private static final Logger log = LoggerFactory.getLogger(PixelBudget.class);

    /**
     * Heap for one pixel from its upload to its mask: the decoder's raster, the upright image, float32 planes of the tiles in flight
     * and of the output.
     */
    static final long BYTES_PER_PIXEL = 64;

    @Autowired
    PixelBudget(UploadLimits limits) {
        this(limits.pixelsInFlight(Runtime.getRuntime().maxMemory() / BYTES_PER_PIXEL), PATIENCE);
        log.info("At most {} pixels are decoded at the same time", total());
    }

    PixelBudget(long pixels, Duration patience) {
        super(
                pixels,
                patience,
                "images of %,d pixels are in progress; with these %,d they would exceed the limit of %,d"
                        + " (gnserve.limits.max-pixels-in-flight). Send the request again in a moment.");
    }

    /** As {@link #take}, for work that no client waits for: waits up to a minute. */
    Share takePatiently(long pixels) {
        return take(pixels, Duration.ofMinutes(1));
    }
}
