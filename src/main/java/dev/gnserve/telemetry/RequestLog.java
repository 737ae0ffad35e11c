package dev.gnserve.telemetry;

import dev.gnserve.pipeline.ImageCompleted;
import dev.gnserve.pipeline.RequestCompleted;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.UploadRefused;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.event.EventListener;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * One line for every request for inference, off unless {@code gnserve.request-log} says otherwise. Its fields are key-value
 * pairs, which structured logging makes fields of JSON; the id of the request is in every line of its thread. Nothing in
 * it is the caller's own text, but the id, which is checked before.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 10) // Behind the id of the request.
@ConditionalOnBooleanProperty("gnserve.request-log")
final class RequestLog extends OncePerRequestFilter {

    private static final Logger log = LoggerFactory.getLogger("dev.gnserve.requests");

    /** What the thread of a request has told so far. */
    private static final class Told {
        private final List<Timing> images = new ArrayList<>();
        private @Nullable RequestCompleted end;
    }

    private static final ThreadLocal<@Nullable Told> TOLD = new ThreadLocal<>();

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        long began = System.nanoTime();
        Told mine = new Told();
        TOLD.set(mine);
        try {
            chain.doFilter(request, response);
        } finally {
            TOLD.remove();
            if (mine.end != null) {
                write(mine.end, mine.images, response.getStatus(), (System.nanoTime() - began) / 1e6);
            }
        }
    }

    @EventListener
    void imageCompleted(ImageCompleted image) {
        Told mine = TOLD.get();
        if (mine != null) {
            mine.images.add(image.timing());
        }
    }

    @EventListener
    void requestCompleted(RequestCompleted end) {
        Told mine = TOLD.get();
        if (mine != null) {
            mine.end = end;
        }
    }

    @EventListener
    void uploadRefused(UploadRefused refused) {
        requestCompleted(new RequestCompleted(null, null, refused.code()));
    }

    private static void write(RequestCompleted end, List<Timing> images, int status, double millis) {
        String model = Objects.requireNonNullElse(end.model(), "none");
        String version = Objects.requireNonNullElse(end.version(), "none");
        String outcome = end.failure() == null ? "ok" : end.failure().name();
        double decode = images.stream().mapToDouble(Timing::decodeMillis).sum();
        double queue = images.stream().mapToDouble(Timing::queueMillis).max().orElse(0);
        double inference = images.stream().mapToDouble(Timing::inferenceMillis).sum();
        double postprocess =
                images.stream().mapToDouble(Timing::postprocessMillis).sum();
        log.atInfo()
                .addKeyValue("model", model)
                .addKeyValue("version", version)
                .addKeyValue("outcome", outcome)
                .addKeyValue("status", status)
                .addKeyValue("images", images.size())
                .addKeyValue("millis", tenths(millis))
                .addKeyValue("decodeMillis", tenths(decode))
                .addKeyValue("queueMillis", tenths(queue))
                .addKeyValue("inferenceMillis", tenths(inference))
                .addKeyValue("postprocessMillis", tenths(postprocess))
                .log(() -> String.format(
                        Locale.ROOT, "%s %s %s: %d images, %.1f ms", model, version, outcome, images.size(), millis));
    }

    private static double tenths(double millis) {
        return Math.round(millis * 10) / 10.0;
    }
}
