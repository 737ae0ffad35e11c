package dev.gnserve.verification;

import dev.gnserve.backend.Tensor;
import dev.gnserve.model.AfterAnswer;
import dev.gnserve.model.Inference;
import dev.gnserve.model.ModelAudit;
import dev.gnserve.model.ServedModel;
import dev.gnserve.process.BackgroundThreads;
import jakarta.annotation.PreDestroy;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;

/** Does what {@code verification} in a model's manifest asks for: at load, and on a sample of live traffic. Thread-safe. */
@Component
final class VerificationAudit implements ModelAudit {

    private final ModelVerifiers verifiers;
    private final LoadVerification atLoad;
    private final TrafficSampler sampler;
    private final ExecutorService background =
            Executors.newSingleThreadExecutor(new BackgroundThreads("gnserve-sample"));

    VerificationAudit(ModelVerifiers verifiers, AfterAnswer afterAnswer, ApplicationEventPublisher events) {
        this.verifiers = verifiers;
        atLoad = new LoadVerification(verifiers);
        sampler = new TrafficSampler(
                verifiers::sample,
                afterAnswer,
                background,
                () -> ThreadLocalRandom.current().nextDouble(),
                events::publishEvent);
    }

    @Override
    public @Nullable String objection(ServedModel model, Inference inference) {
        return atLoad.objection(model);
    }

    @Override
    public void accepted(ServedModel model, Tensor input) {
        sampler.accepted(model, input);
    }

    @Override
    public void ended(ServedModel model) {
        sampler.forget(model);
        verifiers.forget(model);
    }

    /** Before the verifiers are closed: a sample that runs is inside the engine. */
    @PreDestroy
    void close() throws InterruptedException {
        background.shutdown();
        background.awaitTermination(1, TimeUnit.MINUTES);
    }
}
