package dev.gnserve.verification;

import dev.gnserve.model.ModelRepository;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Has a model loaded again as exported when a layer fails verification: its execution plan may be at fault, and the model as exported is
 * what the plan was compared with. What fails as exported, too, stays.
 */
@Component
final class PlanFallback {

    private final ModelRepository repository;

    PlanFallback(ModelRepository repository) {
        this.repository = repository;
    }

    /** Does not wait for the load. */
    @EventListener
    void verified(VerificationCompleted done) {
        CallCheck worst = done.report().worst();
        if (worst != null && worst.verdict() == Verdict.FAIL) {
            var unused = repository.runAsExported(
                    done.model(), done.version(), "layer " + worst.layer() + " failed verification: " + worst.reason());
        }
    }
}
