package dev.gnserve.access;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * Event: a request came with a key of the service. Published on its thread, before the operation runs.
 *
 * @param id of the key
 */
public record KeyUsed(String id) {

    /** The attribute of a request that has the key's id. Only the service sets it, also for a request whose key it has seen before. */
    public static final String ATTRIBUTE = KeyUsed.class.getName();

    /** The id of the key with which a request came; null without keys. */
    public static @Nullable String idOf(HttpServletRequest request) {
        return request.getAttribute(ATTRIBUTE) instanceof String id ? id : null;
    }
}
