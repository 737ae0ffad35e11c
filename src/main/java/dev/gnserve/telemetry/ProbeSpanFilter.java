package dev.gnserve.telemetry;

import io.micrometer.tracing.exporter.FinishedSpan;
import io.micrometer.tracing.exporter.SpanExportingPredicate;
import java.util.regex.Pattern;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/** Keeps the requests of probes and scrapers out of the traces. */
@Component
final class ProbeSpanFilter implements SpanExportingPredicate {

    private final Pattern probes;

    /** @param path below which all paths are */
    ProbeSpanFilter(@Value("${server.servlet.context-path:}") String path) {
        probes = Pattern.compile(Pattern.quote(path) + "/(actuator|livez|readyz|v2/health)(/.*)?");
    }

    @Override
    public boolean isExportable(FinishedSpan span) {
        String path = span.getTags().get("http.url");
        return path == null || !probes.matcher(path).matches();
    }
}
