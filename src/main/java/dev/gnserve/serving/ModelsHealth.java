package dev.gnserve.serving;

import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelState;
import java.util.List;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * Part of readiness: up when the models of the start have loaded or failed, and at least one is ready. A model that failed beside
 * others that are ready does not take the replica out of service; {@code GET /v1/models} and {@code gnserve_model_state} show it.
 */
@Component("modelsHealthIndicator")
final class ModelsHealth implements HealthIndicator {

    private final ModelRepository repository;

    ModelsHealth(ModelRepository repository) {
        this.repository = repository;
    }

    @Override
    public Health health() {
        List<LoadedModel> models = repository.models();
        // Counts the models of the start only: one that is loaded later does not take the replica out of service.
        boolean loading = !repository.settled().isDone();
        boolean ready = models.stream().anyMatch(model -> model.state() == ModelState.READY);
        Health.Builder health = ready && !loading ? Health.up() : Health.outOfService();
        for (LoadedModel model : models) {
            String reason = model.reason();
            health.withDetail(
                    model.name() + "/" + model.version(),
                    reason == null ? model.state().name() : model.state() + ": " + reason);
        }
        return health.build();
    }
}
