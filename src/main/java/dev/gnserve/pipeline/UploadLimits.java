package dev.gnserve.pipeline;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What one request may bring; checked before memory is taken.
 *
 * @param maxUploadSize bytes of the whole request body
 * @param maxUploadSizeInFlight bytes of all bodies that are read and not yet answered; null for what the heap allows
 * @param maxUploadTime from the first byte of a body to its last
 * @param maxImages images in one request
 * @param maxPixels pixels of one image, known from its header
 * @param maxPixelsInFlight pixels of all images that are decoded and not yet answered; null for what the heap allows
 */
@ConfigurationProperties("gnserve.limits")
public record UploadLimits(
        @DefaultValue("32MB") DataSize maxUploadSize,
        @Nullable DataSize maxUploadSizeInFlight,
        @DefaultValue("5m") Duration maxUploadTime,
        @DefaultValue("32") int maxImages,
        @DefaultValue("64000000") long maxPixels,
        @Nullable Long maxPixelsInFlight) {

    /** The limits where nothing is configured. */
    static final UploadLimits DEFAULT =
            new UploadLimits(DataSize.ofMegabytes(32), null, Duration.ofMinutes(5), 32, 64_000_000, null);

    public UploadLimits {
        if (maxUploadSizeInFlight != null && maxUploadSizeInFlight.compareTo(maxUploadSize) < 0) {
            throw new IllegalArgumentException(
                    "max-upload-size-in-flight is " + maxUploadSizeInFlight + ", allowed is max-upload-size ("
                            + maxUploadSize + ") or more: no body of that size would ever be read");
        }
        if (maxPixelsInFlight != null && maxPixelsInFlight < maxPixels) {
            throw new IllegalArgumentException("max-pixels-in-flight is " + maxPixelsInFlight
                    + ", allowed is max-pixels (" + maxPixels + ") or more: no image of that size would ever be read");
        }
    }

    /** The budget of all bodies, which never is below what one may have. */
    long uploadBytesInFlight(long whatTheHeapAllows) {
        return maxUploadSizeInFlight != null
                ? maxUploadSizeInFlight.toBytes()
                : Math.max(maxUploadSize.toBytes(), whatTheHeapAllows);
    }

    /** The budget of all images, which never is below what one may have. */
    long pixelsInFlight(long whatTheHeapAllows) {
        return maxPixelsInFlight != null ? maxPixelsInFlight : Math.max(maxPixels, whatTheHeapAllows);
    }
}
