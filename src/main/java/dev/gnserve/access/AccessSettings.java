package dev.gnserve.access;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Keys, without which everybody may ask for inference and nobody may administrate.
 *
 * @param apiKeys that may ask for inference
 * @param apiKeysFile more of them, one a line
 * @param adminKeys that may load and unload models; they may ask for inference, too
 * @param adminKeysFile more of them, one a line
 */
@ConfigurationProperties("gnserve.access")
public record AccessSettings(
        @DefaultValue List<String> apiKeys,
        @Nullable Path apiKeysFile,
        @DefaultValue List<String> adminKeys,
        @Nullable Path adminKeysFile) {

    /** Without the keys, which must not get into a log. */
    @Override
    public String toString() {
        return "AccessSettings[%d API keys, %s, %d admin keys, %s]"
                .formatted(apiKeys.size(), apiKeysFile, adminKeys.size(), adminKeysFile);
    }
}
