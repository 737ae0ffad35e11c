package dev.gnserve.jobs;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request that is answered later, without its body, as it is kept on disk. It holds no key.
 *
 * @param model from the path
 * @param version that was asked for; null for the default one
 * @param operation the last part of the path, such as segment
 * @param path as it was sent, below the context path
 * @param query as it was sent; null for none
 * @param headers that say what the body is and which answer is wanted, by name
 * @param owner id of the key that it came with; null without keys
 * @param bytes of the body
 */
record StoredRequest(
        String model,
        @Nullable String version,
        String operation,
        String path,
        @Nullable String query,
        Map<String, String> headers,
        @Nullable String owner,
        Instant submitted,
        long bytes) {

    StoredRequest {
        headers = Map.copyOf(headers);
    }
}
