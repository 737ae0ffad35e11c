package dev.gnserve.access;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.pipeline.RequestCompleted;
import dev.gnserve.problem.Problems;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.http.HttpHeaders;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Lets requests pass that bring a key: {@code Authorization: Bearer KEY} or {@code X-API-Key: KEY}. An interceptor and not
 * a filter, so that it goes by the same path as the controllers do; it runs before any of the body is read. It writes its
 * refusal itself: Spring turns the exceptions of controllers into answers, but not those of the preflight of a browser.
 */
final class KeyCheck implements HandlerInterceptor {

    private static final String KEY_HEADER = "X-API-Key";
    private static final String MDC_KEY = "key";
    private static final String BEARER = "bearer ";

    private final String needed;
    private final Function<String, @Nullable String> ids;
    private final ApplicationEventPublisher events;

    /**
     * A check for some paths.
     *
     * @param needed the kind of key, with its article
     * @param ids gives the id of a key; null for an unknown one
     */
    KeyCheck(String needed, Function<String, @Nullable String> ids, ApplicationEventPublisher events) {
        this.needed = needed;
        this.ids = ids;
        this.events = events;
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
            throws IOException {
        List<String> keys = keys(request);
        String known = KeyUsed.idOf(request);
        String id = known != null
                ? known
                : keys.stream().map(ids).filter(Objects::nonNull).findFirst().orElse(null);
        if (id != null) {
            request.setAttribute(KeyUsed.ATTRIBUTE, id);
            events.publishEvent(new KeyUsed(id));
            MDC.put(MDC_KEY, id);
            return true;
        }
        events.publishEvent(new RequestCompleted(null, null, FailureCode.UNAUTHENTICATED));
        response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
        String detail = keys.isEmpty()
                ? "This operation needs %s. Send it as 'Authorization: Bearer KEY' or as 'X-API-Key: KEY'."
                        .formatted(needed)
                : "The key that was sent is not %s of this service. Check that it is complete, or ask the operator for one."
                        .formatted(needed);
        Problems.write(Failure.of(FailureCode.UNAUTHENTICATED, detail), request, response);
        return false;
    }

    @Override
    public void afterCompletion(
            HttpServletRequest request, HttpServletResponse response, Object handler, @Nullable Exception thrown) {
        MDC.remove(MDC_KEY);
    }

    /** Authorization may be for a proxy before the service, so the key may be in either header. */
    private static List<String> keys(HttpServletRequest request) {
        List<String> keys = new ArrayList<>();
        String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
        if (authorization != null && authorization.toLowerCase(Locale.ROOT).startsWith(BEARER)) {
            keys.add(authorization.substring(BEARER.length()).strip());
        }
        String key = request.getHeader(KEY_HEADER);
        if (key != null) {
            keys.add(key.strip());
        }
        return keys;
    }
}
