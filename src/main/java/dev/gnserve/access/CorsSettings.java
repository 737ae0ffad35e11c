package dev.gnserve.access;

import dev.gnserve.failure.MisconfiguredException;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which pages of other servers may call the API from a browser. Without any, browsers keep them from it.
 *
 * @param allowedOrigins as {@code https://viewer.example.org} or {@code http://localhost:3000}; {@code *} for all
 */
@ConfigurationProperties("gnserve.cors")
public record CorsSettings(@DefaultValue List<String> allowedOrigins) {

    public CorsSettings {
        allowedOrigins = List.copyOf(allowedOrigins);
        for (String origin : allowedOrigins) {
            if (!origin.matches("\\*|https?://[^/*\\s]+")) {
                throw new MisconfiguredException(
                        "gnserve.cors.allowed-origins has " + origin
                                + ". Allowed are origins, such as https://viewer.example.org or http://localhost:3000, without a path, and *");
            }
        }
    }
}
