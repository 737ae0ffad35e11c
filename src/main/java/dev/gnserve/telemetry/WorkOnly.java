package dev.gnserve.telemetry;

import io.micrometer.tracing.exporter.FinishedSpan;
import io.micrometer.tracing.exporter.SpanExportingPredicate;
import java.util.regex.Pattern;
import org.springframework.stereotype.Component;

/** Keeps out of the traces what probes and scrapers ask, a few times a minute each for as long as the service runs. */
@Component
final class WorkOnly implements SpanExportingPredicate {

    private static final Pattern OPERATIONS = Pattern.compile("/(actuator|livez|readyz|v2/health)(/.*)?");

    @Override
    public boolean isExportable(FinishedSpan span) {
        String path = span.getTags().get("http.url");
        return path == null || !OPERATIONS.matcher(path).matches();
    }
}
