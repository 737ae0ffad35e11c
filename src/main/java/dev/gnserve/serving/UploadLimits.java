package dev.gnserve.serving;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What one request may bring; checked before memory is taken.
 *
 * @param maxUploadSize bytes of the whole request body
 * @param maxImages images in one request
 * @param maxPixels pixels of one image, known from its header
 */
@ConfigurationProperties("gnserve.limits")
public record UploadLimits(
        @DefaultValue("32MB") DataSize maxUploadSize,
        @DefaultValue("32") int maxImages,
        @DefaultValue("64000000") long maxPixels) {}
