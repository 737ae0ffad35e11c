package dev.gnserve.telemetry;

import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.backend.Engine;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelState;
import dev.gnserve.model.ModelStateChanged;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Gauges of models and of the engine, read at each scrape. Thread-safe. */
@Component
final class ModelMeters implements SmartInitializingSingleton {

    private final MeterRegistry registry;
    private final ModelRepository repository;
    private final Engine engine;
    private final InferenceMeters inference;
    private final VerificationMeters verification;
    private final Set<List<String>> registered = ConcurrentHashMap.newKeySet();

    ModelMeters(
            MeterRegistry registry,
            ModelRepository repository,
            Engine engine,
            InferenceMeters inference,
            VerificationMeters verification) {
        this.registry = registry;
        this.repository = repository;
        this.engine = engine;
        this.inference = inference;
        this.verification = verification;
    }

    @Override
    public void afterSingletonsInstantiated() {
        Gauge.builder("gnserve.engine.arrays", engine, Engine::openArrays)
                .description("Native arrays now open")
                .register(registry);
        for (LoadedModel model : repository.models()) {
            register(model.name(), model.version());
        }
    }

    @EventListener
    void stateChanged(ModelStateChanged change) {
        register(change.model(), change.version());
        if (stateOf(repository, change.model(), change.version()) == ModelState.UNLOADED) {
            verification.forget(change.model(), change.version());
        }
    }

    /** Creates the series of a model once. A model that is loaded again is another object with the same series. */
    private void register(String model, String version) {
        if (!registered.add(List.of(model, version))) {
            return;
        }
        inference.expect(model, version);
        verification.expect(model, version);
        Tags tags = Tags.of("model", model, "version", version);
        for (ModelState state : ModelState.values()) {
            Gauge.builder("gnserve.model.state", repository, models -> stateOf(models, model, version) == state ? 1 : 0)
                    .description("1 for the state of the model, 0 for the others")
                    .tags(tags.and("state", state.name().toLowerCase(Locale.ROOT)))
                    .register(registry);
        }
        for (ExecutionPlan plan : ExecutionPlan.values()) {
            Gauge.builder(
                            "gnserve.model.plan",
                            repository,
                            models -> runs(models.version(model, version), plan) ? 1 : 0)
                    .description("1 for the execution plan that the model runs with, 0 for the others")
                    .tags(tags.and("plan", plan.label()))
                    .register(registry);
        }
        Gauge.builder("gnserve.queue.depth", repository, models -> depth(models, model, version))
                .description("Images or tiles that wait in the queue")
                .tags(tags)
                .register(registry);
        TimeGauge.builder(
                        "gnserve.model.load",
                        repository,
                        TimeUnit.NANOSECONDS,
                        models -> loadNanos(models.version(model, version)))
                .description("Time of loading and warm-up; NaN until ready")
                .tags(tags)
                .register(registry);
    }

    private static ModelState stateOf(ModelRepository models, String name, String version) {
        LoadedModel model = models.version(name, version);
        return model == null ? ModelState.UNLOADED : model.state();
    }

    private static boolean runs(@Nullable LoadedModel model, ExecutionPlan plan) {
        return model != null && model.state() == ModelState.READY && model.plan() == plan;
    }

    private static int depth(ModelRepository models, String name, String version) {
        LoadedModel model = models.version(name, version);
        return model == null ? 0 : model.queueDepth();
    }

    private static double loadNanos(@Nullable LoadedModel model) {
        Duration took = model == null ? null : model.loadTime();
        return took == null ? Double.NaN : took.toNanos();
    }
}
