package dev.gnserve.serving;

import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ServedModel;
import java.util.List;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * Part of liveness: down while a forward pass hangs in the engine, which only a restart cures. Overload, draining and
 * broken models are no reason to restart.
 */
@Component("engineHealthIndicator")
final class EngineHealth implements HealthIndicator {

    private final ModelRepository repository;

    EngineHealth(ModelRepository repository) {
        this.repository = repository;
    }

    @Override
    public Health health() {
        List<String> hanging = repository.models().stream()
                .filter(ServedModel::hangs)
                .map(ServedModel::toString)
                .toList();
        return hanging.isEmpty()
                ? Health.up().build()
                : Health.down().withDetail("hanging", hanging).build();
    }
}
