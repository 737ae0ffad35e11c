package dev.gnserve.serving;

import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelState;
import java.util.List;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * Part of readiness: up when every model has been tried since the start and at least one can serve. A broken model beside working
 * ones takes no replica out of service; it is seen in {@code GET /v1/models} and in {@code gnserve_model_state}.
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
        // A model that is loaded later takes no replica out of service: what was asked for at start is served.
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
