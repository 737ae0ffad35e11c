package dev.gnserve.jobs;

import dev.gnserve.failure.MisconfiguredException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Requests that are answered later.
 *
 * @param dir folder of the jobs; null turns them off
 * @param max jobs that wait or run
 * @param maxKept jobs of any state
 * @param maxBytes of the uploads and answers on disk
 * @param keep how long a finished job is kept
 * @param workers jobs that run at the same time
 */
@ConfigurationProperties("gnserve.jobs")
public record JobSettings(
        @Nullable Path dir,
        @DefaultValue("100") int max,
        @DefaultValue("10000") int maxKept,
        @DefaultValue("4GB") DataSize maxBytes,
        @DefaultValue("1h") Duration keep,
        @DefaultValue("1") int workers) {

    public JobSettings {
        require(max >= 1, "max", max, "1 or more");
        require(maxKept >= 1, "max-kept", maxKept, "1 or more");
        require(maxBytes.toBytes() >= 1, "max-bytes", maxBytes, "1B or more");
        require(keep.toMillis() >= 1, "keep", keep, "1ms or more");
        require(workers >= 1 && workers <= 64, "workers", workers, "1 to 64");
    }

    private static void require(boolean allowed, String name, Object value, String range) {
        if (!allowed) {
            throw new MisconfiguredException("gnserve.jobs.%s is %s. Allowed is %s".formatted(name, value, range));
        }
    }
}
