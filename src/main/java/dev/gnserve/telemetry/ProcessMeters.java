package dev.gnserve.telemetry;

import dev.gnserve.process.ResidentMemory;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.stereotype.Component;

/** The resident memory of the process, most of which is outside of the JVM's own meters. */
@Component
final class ProcessMeters {

    ProcessMeters(MeterRegistry registry) {
        Gauge.builder("gnserve.process.resident", ResidentMemory::bytes)
                .description("Resident memory of the process, with native memory; NaN if it cannot be read")
                .baseUnit("bytes")
                .register(registry);
    }
}
