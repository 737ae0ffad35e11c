package dev.gnserve.telemetry;

import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.propagation.Propagator;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Without {@code gnserve.tracing} no span is made, and none is in the log. Spring's own switches leave a tracer that makes ids for nobody. */
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
