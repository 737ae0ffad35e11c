package dev.gnserve.pipeline;

import dev.gnserve.failure.MisconfiguredException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Limits of requests, checked before memory is allocated.
 *
 * @param maxUploadSize bytes of the whole request body
 * @param maxUploadSizeInFlight bytes of the bodies of all requests in progress, and a third of those of outputs of tensors; null for as many as the heap allows
 * @param maxUploadTime from the headers of a request to the last byte of its body
 * @param maxImages images in one request
 * @param maxPixels pixels of one image, known from its header
 * @param maxPixelsInFlight pixels of the decoded images of all requests in progress; null for as many as the heap allows
 */
@ConfigurationProperties("gnserve.limits")
public record UploadLimits(
        @DefaultValue("32MB") DataSize maxUploadSize,
        @Nullable DataSize maxUploadSizeInFlight,
        @DefaultValue("5m") Duration maxUploadTime,
        @DefaultValue("32") int maxImages,
        @DefaultValue("64000000") long maxPixels,
        @Nullable Long maxPixelsInFlight) {

    /** A body is read into one array, which has less than 2 GB. */
    private static final DataSize LARGEST_UPLOAD = DataSize.ofMegabytes(2047);

    /** The default limits. */
    static final UploadLimits DEFAULT =
            new UploadLimits(DataSize.ofMegabytes(32), null, Duration.ofMinutes(5), 32, 64_000_000, null);

    public UploadLimits {
        require(
                maxUploadSize.toBytes() >= 1 && maxUploadSize.compareTo(LARGEST_UPLOAD) <= 0,
                "max-upload-size",
                maxUploadSize,
                "1B to 2047MB");
        require(
                maxUploadSizeInFlight == null || maxUploadSizeInFlight.compareTo(maxUploadSize) >= 0,
                "max-upload-size-in-flight",
                maxUploadSizeInFlight,
                "max-upload-size (" + maxUploadSize + ") or more: else no body of that size can be read");
        require(
                !maxUploadTime.isZero() && !maxUploadTime.isNegative(),
                "max-upload-time",
                maxUploadTime,
                "more than zero");
        require(maxImages >= 1, "max-images", maxImages, "1 or more");
        require(maxPixels >= 1, "max-pixels", maxPixels, "1 or more");
        require(
                maxPixelsInFlight == null || maxPixelsInFlight >= maxPixels,
                "max-pixels-in-flight",
                maxPixelsInFlight,
                "max-pixels (" + maxPixels + ") or more: else no image of that size can be decoded");
    }

    private static void require(boolean allowed, String name, @Nullable Object value, String range) {
        if (!allowed) {
            throw new MisconfiguredException("gnserve.limits.%s is %s. Allowed is %s".formatted(name, value, range));
        }
    }

    /** The budget of bytes, never below the limit of one body. */
    long uploadBytesInFlight(long heapAllows) {
        return maxUploadSizeInFlight != null
                ? maxUploadSizeInFlight.toBytes()
                : Math.max(maxUploadSize.toBytes(), heapAllows);
    }

    /** The budget of pixels. */
    long pixelsInFlight(long heapAllows) {
        return maxPixelsInFlight != null ? maxPixelsInFlight : heapAllows;
    }
}
