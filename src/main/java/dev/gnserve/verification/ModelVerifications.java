package dev.gnserve.verification;

import dev.gnserve.model.AfterResponseExecutor;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelCompanion;
import dev.gnserve.process.BackgroundThreads;
import jakarta.annotation.PreDestroy;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;

/** Makes the verification of every model. All share one thread for samples. Thread-safe. */
@Component
final class ModelVerifications implements ModelCompanion.Factory {

    private final AfterResponseExecutor afterResponse;
    private final ApplicationEventPublisher events;
    private final ExecutorService background =
            Executors.newSingleThreadExecutor(new BackgroundThreads("gnserve-sample"));

    ModelVerifications(AfterResponseExecutor afterResponse, ApplicationEventPublisher events) {
        this.afterResponse = afterResponse;
        this.events = events;
    }

    @Override
    public ModelVerification of(LoadedModel model) {
        return new ModelVerification(
                model,
                afterResponse,
                background,
                () -> ThreadLocalRandom.current().nextDouble(),
                events::publishEvent);
    }

    /** Does not wait: a running sample is a call of its model, which is freed after it. */
    @PreDestroy
    void close() {
        background.shutdown();
    }
}
