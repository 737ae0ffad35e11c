package dev.gnserve.telemetry;

import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.propagation.Propagator;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Without {@code gnserve.tracing}, makes no spans. Spring's own settings would leave a tracer that makes ids, also in the log. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnBooleanProperty(name = "gnserve.tracing", havingValue = false, matchIfMissing = true)
class TracingOff {

    @Bean
    Tracer noTracer() {
        return Tracer.NOOP;
    }

    @Bean
    Propagator noPropagator() {
        return Propagator.NOOP;
    }
}
