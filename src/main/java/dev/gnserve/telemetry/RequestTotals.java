package dev.gnserve.telemetry;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import org.springframework.stereotype.Component;

/** What {@code gnserve_request_duration_seconds} says of a model. Thread-safe. */
@Component
public final class RequestTotals {

    private final MeterRegistry registry;

    RequestTotals(MeterRegistry registry) {
        this.registry = registry;
    }

    /**
     * Requests of a model since the process started, of any outcome.
     *
     * @param requests number of them
     * @param millis their time, added up
     */
    public record Total(long requests, double millis) {}

    /** The requests of one version of a model. */
    public Total of(String model, String version) {
        long requests = 0;
        double millis = 0;
        for (Timer timer : registry.find(RequestTimes.DURATION)
                .tags(InferenceMeters.tags(model, version))
                .timers()) {
            requests += timer.count();
            millis += timer.totalTime(TimeUnit.MILLISECONDS);
        }
        return new Total(requests, millis);
    }
}
