package dev.gnserve.telemetry;

import dev.gnserve.access.KeyUsed;
import dev.gnserve.batching.BatchCompleted;
import dev.gnserve.batching.BatchListener;
import dev.gnserve.batching.WorkerReplaced;
import dev.gnserve.pipeline.ImageStage;
import dev.gnserve.pipeline.RequestCompleted;
import dev.gnserve.problem.UploadRefused;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Meters of batches, image stages and requests. Histograms have fixed buckets, so that those of replicas add up. Labels come from the
 * configured models and from closed sets, so that no request can create a series. Thread-safe.
 */
@Component
final class InferenceMeters implements BatchListener {

    private static final Duration[] DURATIONS = DurationBounds.ALL.toArray(Duration[]::new);
    private static final double[] BATCH_SIZES = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128};

    private final Meter.MeterProvider<Timer> batchDuration;
    private final Meter.MeterProvider<DistributionSummary> batchSize;
    private final Meter.MeterProvider<Timer> queueWait;
    private final Meter.MeterProvider<Timer> imageStage;
    private final Meter.MeterProvider<Counter> requests;
    private final Meter.MeterProvider<Counter> keys;
    private final Meter.MeterProvider<Counter> replacements;

    InferenceMeters(MeterRegistry registry) {
        batchDuration = Timer.builder("gnserve.batch.duration")
                .description("Time of one batch by stage: assemble, infer, split")
                .serviceLevelObjectives(DURATIONS)
                .withRegistry(registry);
        batchSize = DistributionSummary.builder("gnserve.batch.size")
                .description("Items in one batch")
                .serviceLevelObjectives(BATCH_SIZES)
                .withRegistry(registry);
        queueWait = Timer.builder("gnserve.queue.wait")
                .description("Time of one item from its arrival to the start of its batch")
                .serviceLevelObjectives(DURATIONS)
                .withRegistry(registry);
        imageStage = Timer.builder("gnserve.image.stage")
                .description("Time of one image outside the engine by stage: decode, preprocess, postprocess, encode")
                .serviceLevelObjectives(DURATIONS)
                .withRegistry(registry);
        requests = Counter.builder("gnserve.requests")
                .description("Requests by outcome: ok or the code of the problem")
                .withRegistry(registry);
        keys = Counter.builder("gnserve.key.requests")
                .description("Requests by the id of their key")
                .withRegistry(registry);
        replacements = Counter.builder("gnserve.worker.replacements")
                .description("Engine workers that died and were replaced; each is a defect")
                .withRegistry(registry);
    }

    /**
     * Creates series of a model before its first request: its counters, so that rates and alerts see zeros instead of gaps, and the queue
     * wait, by which replicas are scaled. The other histograms, 227 lines, begin with its first batch.
     */
    void expect(String model, String version) {
        Tags tags = tags(model, version);
        requests.withTags(tags.and("outcome", "ok"));
        replacements.withTags(tags);
        queueWait.withTags(tags);
    }

    @Override
    public void batchCompleted(BatchCompleted batch) {
        Tags tags = tags(batch.model(), batch.version());
        batchDuration
                .withTags(tags.and("stage", "assemble"))
                .record(batch.stages().assemble());
        batchDuration.withTags(tags.and("stage", "infer")).record(batch.stages().infer());
        batchDuration.withTags(tags.and("stage", "split")).record(batch.stages().split());
        batchSize.withTags(tags).record(batch.size());
        if (!batch.again()) {
            Timer wait = queueWait.withTags(tags);
            batch.items().forEach(item -> wait.record(item.queueWait()));
        }
    }

    @Override
    public void workerReplaced(WorkerReplaced replaced) {
        replacements.withTags(tags(replaced.model(), replaced.version())).increment();
    }

    @EventListener
    void imageStage(ImageStage event) {
        imageStage
                .withTags(tags(event.model(), event.version()).and("stage", label(event.stage())))
                .record(event.elapsed());
    }

    @EventListener
    void requestCompleted(RequestCompleted event) {
        String outcome = event.failure() == null ? "ok" : event.failure().name();
        requests.withTags(tags(event.model(), event.version()).and("outcome", outcome))
                .increment();
    }

    @EventListener
    void keyUsed(KeyUsed used) {
        keys.withTag("key", used.id()).increment();
    }

    @EventListener
    void uploadRefused(UploadRefused refused) {
        requestCompleted(new RequestCompleted(null, null, refused.code()));
    }

    static Tags tags(@Nullable String model, @Nullable String version) {
        return Tags.of(
                "model",
                Objects.requireNonNullElse(model, "none"),
                "version",
                Objects.requireNonNullElse(version, "none"));
    }

    private static String label(ImageStage.Name stage) {
        return stage.name().toLowerCase(Locale.ROOT);
    }
}
