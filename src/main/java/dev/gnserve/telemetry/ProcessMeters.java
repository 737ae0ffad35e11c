package dev.gnserve.telemetry;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.stereotype.Component;

/** The memory that the kernel counts for this process, most of which the JVM's own meters do not see. */
@Component
final class ProcessMeters {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");

    ProcessMeters(MeterRegistry registry) {
        Gauge.builder("gnserve.process.resident", ProcessMeters::residentBytes)
                .description("Resident memory of the process, native memory included; NaN where it cannot be read")
                .baseUnit("bytes")
                .register(registry);
    }

    private static double residentBytes() {
        try {
            Matcher matcher = RESIDENT.matcher(Files.readString(STATUS));
            return matcher.find() ? Long.parseLong(matcher.group(1)) * 1024.0 : Double.NaN;
        } catch (IOException e) {
            return Double.NaN; // Not Linux.
        }
    }
}
