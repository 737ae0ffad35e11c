package dev.gnserve.verification;

import dev.gnserve.model.ModelRepository;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Has a model loaded again as exported when a layer fails verification: its execution plan may be at fault, and the model as exported is
 * what the plan was compared with. A model that also fails as exported keeps serving. Commands keep the model that they began with.
 */
@Component
@ConditionalOnWebApplication
final class PlanFallback {

    private final ModelRepository repository;

    PlanFallback(ModelRepository repository) {
        this.repository = repository;
    }

    /** Does not wait for the load. */
    @EventListener
    void failed(LayerFailed layer) {
        var unused = repository.runAsExported(layer.model(), layer.why());
    }
}
