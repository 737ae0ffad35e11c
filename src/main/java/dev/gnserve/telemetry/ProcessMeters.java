package dev.gnserve.telemetry;

import dev.gnserve.process.ResidentMemory;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.stereotype.Component;

/** The memory that the kernel counts for this process, most of which the JVM's own meters do not see. */
@Component
final class ProcessMeters {

    ProcessMeters(MeterRegistry registry) {
        Gauge.builder("gnserve.process.resident", ResidentMemory::bytes)
                .description("Resident memory of the process, native memory included; NaN where it cannot be read")
                .baseUnit("bytes")
                .register(registry);
    }
}
