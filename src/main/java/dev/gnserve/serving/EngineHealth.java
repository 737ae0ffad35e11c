package dev.gnserve.serving;

import dev.gnserve.model.ModelRepository;
import java.util.List;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * Part of liveness: down while a call into the engine hangs (loading, warm-up, a forward pass or a verification), as only a restart
 * ends such a call for certain. Overload, draining and models that failed do not affect it.
 */
@Component("engineHealthIndicator")
final class EngineHealth implements HealthIndicator {

    private final ModelRepository repository;

    EngineHealth(ModelRepository repository) {
        this.repository = repository;
    }

    @Override
    public Health health() {
        List<String> hanging = repository.hanging().stream()
                .map(call -> "%s, for %d s".formatted(call.what(), call.age().toSeconds()))
                .toList();
        return hanging.isEmpty()
                ? Health.up().build()
                : Health.down().withDetail("hanging", hanging).build();
    }
}
