package dev.gnserve.verification;

import dev.gnserve.model.AfterResponseExecutor;
import dev.gnserve.model.HeldEvents;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelCompanion;
import dev.gnserve.process.BackgroundThreads;
import jakarta.annotation.PreDestroy;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.stereotype.Component;

/** Makes the verification of every model. All share one thread for samples. Thread-safe. */
@Component
final class ModelVerifications implements ModelCompanion.Factory {

    private final AfterResponseExecutor afterResponse;
    private final HeldEvents events;
    private final ExecutorService background =
            Executors.newSingleThreadExecutor(new BackgroundThreads("gnserve-sample"));

    ModelVerifications(AfterResponseExecutor afterResponse, HeldEvents events) {
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
                events);
    }

    /** Does not wait: a running sample is a call of its model, which is freed after it. */
    @PreDestroy
    void close() {
        background.shutdown();
    }
}
