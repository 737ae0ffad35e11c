package dev.gnserve.telemetry;

import dev.gnserve.access.KeyUsed;
import dev.gnserve.pipeline.ImageCompleted;
import dev.gnserve.pipeline.RequestCompleted;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.UploadRefused;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.event.EventListener;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Times every inference request, from its headers to the end of its response, and logs a line for it if {@code gnserve.request-log} is
 * true. Its fields are key-value pairs, which structured logging writes as JSON fields. The only text from the client is the request id,
 * which is checked. Thread-safe: each request uses the record of its thread.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 10) // After the filter of request ids.
final class RequestTimes extends OncePerRequestFilter {

    /** The name of the timer. */
    static final String DURATION = "gnserve.request.duration";

    private static final Logger log = LoggerFactory.getLogger("dev.gnserve.requests");

    /** The events of one request. */
    private static final class Events {
        private final List<Timing> images = new ArrayList<>();
        private @Nullable RequestCompleted end;
        private String key = "none";
    }

    private static final ThreadLocal<@Nullable Events> EVENTS = new ThreadLocal<>();

    private final Meter.MeterProvider<Timer> duration;
    private final boolean logged;

    RequestTimes(MeterRegistry registry, @Value("${gnserve.request-log:false}") boolean logged) {
        this.logged = logged;
        this.duration = Timer.builder(DURATION)
                .description("Time of one request by outcome: ok, refused, failed")
                .serviceLevelObjectives(DurationBounds.ALL.toArray(Duration[]::new))
                .withRegistry(registry);
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        long began = System.nanoTime();
        Events events = new Events();
        EVENTS.set(events);
        try {
            chain.doFilter(request, response);
        } finally {
            EVENTS.remove();
            RequestCompleted end = events.end;
            if (end != null) {
                long nanos = System.nanoTime() - began;
                duration.withTags(
                                InferenceMeters.tags(end.model(), end.version()).and("outcome", outcome(response)))
                        .record(Duration.ofNanos(nanos));
                if (logged) {
                    write(end, events.key, events.images, response.getStatus(), nanos / 1e6);
                }
            }
        }
    }

    @EventListener
    void imageCompleted(ImageCompleted image) {
        Events events = EVENTS.get();
        if (events != null) {
            events.images.add(image.timing());
        }
    }

    @EventListener
    void keyUsed(KeyUsed used) {
        Events events = EVENTS.get();
        if (events != null) {
            events.key = used.id();
        }
    }

    @EventListener
    void requestCompleted(RequestCompleted end) {
        Events events = EVENTS.get();
        if (events != null) {
            events.end = end;
        }
    }

    @EventListener
    void uploadRefused(UploadRefused refused) {
        requestCompleted(new RequestCompleted(null, null, refused.code()));
    }

    private static String outcome(HttpServletResponse response) {
        return response.getStatus() < 400 ? "ok" : response.getStatus() < 500 ? "refused" : "failed";
    }

    private static void write(RequestCompleted end, String key, List<Timing> images, int status, double millis) {
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
                .addKeyValue("key", key)
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
