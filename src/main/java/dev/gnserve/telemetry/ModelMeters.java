package dev.gnserve.telemetry;

import dev.gnserve.engine.Engine;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelState;
import dev.gnserve.model.ServedModel;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.stereotype.Component;

/** Gauges of models and of the engine; read when scraped. */
@Component
final class ModelMeters implements SmartInitializingSingleton {

    private final MeterRegistry registry;
    private final ModelRepository repository;
    private final Engine engine;
    private final InferenceMeters inference;
    private final VerificationMeters verification;

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
        for (ServedModel model : repository.models()) {
            inference.expect(model.name(), model.version());
            verification.expect(model.name(), model.version());
            register(model);
        }
    }

    private void register(ServedModel model) {
        Tags tags = Tags.of("model", model.name(), "version", model.version());
        for (ModelState state : ModelState.values()) {
            Gauge.builder("gnserve.model.state", model, m -> m.state() == state ? 1 : 0)
                    .description("1 for the state that the model is in")
                    .tags(tags.and("state", state.name().toLowerCase(Locale.ROOT)))
                    .register(registry);
        }
        Gauge.builder("gnserve.queue.depth", model, ServedModel::queueDepth)
                .description("Images or tiles that wait for the engine")
                .tags(tags)
                .register(registry);
        TimeGauge.builder("gnserve.model.load", model, TimeUnit.NANOSECONDS, ModelMeters::loadNanos)
                .description("Time of loading and warm-up; NaN until ready")
                .tags(tags)
                .register(registry);
    }

    private static double loadNanos(ServedModel model) {
        return model.loadTime() == null ? Double.NaN : model.loadTime().toNanos();
    }
}
