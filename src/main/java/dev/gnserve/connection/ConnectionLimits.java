package dev.gnserve.connection;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Limits of what clients may take by being slow.
 *
 * @param maxWaitingClients threads that wait for clients at the same time; null for half of the threads that answer requests, or for
 *     {@value ConnectionConfiguration#WAITING_VIRTUAL_THREADS} if they are virtual
 * @param maxResponseTime from the moment that the client does not read fast enough to the last byte of a response
 */
@ConfigurationProperties("gnserve.limits")
public record ConnectionLimits(
        @Nullable Integer maxWaitingClients,
        @DefaultValue("5m") Duration maxResponseTime) {

    public ConnectionLimits {
        if (maxWaitingClients != null && maxWaitingClients < 1) {
            throw new IllegalArgumentException(
                    "max-waiting-clients is " + maxWaitingClients + ", allowed is 1 or more");
        }
    }
}
