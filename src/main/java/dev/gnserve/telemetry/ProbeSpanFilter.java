package dev.gnserve.telemetry;

import io.micrometer.tracing.exporter.FinishedSpan;
import io.micrometer.tracing.exporter.SpanExportingPredicate;
import java.util.regex.Pattern;
import org.springframework.stereotype.Component;

/** Keeps the requests of probes and scrapers out of the traces. */
@Component
final class ProbeSpanFilter implements SpanExportingPredicate {

    private static final Pattern PROBES = Pattern.compile("/(actuator|livez|readyz|v2/health)(/.*)?");

    @Override
    public boolean isExportable(FinishedSpan span) {
        String path = span.getTags().get("http.url");
        return path == null || !PROBES.matcher(path).matches();
    }
}
