package dev.gnserve.telemetry;

import dev.gnserve.pipeline.ShadowCompared;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Locale;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Meters of shadow versions. A model without a shadow has none. Thread-safe. */
@Component
final class ShadowMeters {

    private static final double[] AGREEMENTS = {0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1};

    private final Meter.MeterProvider<DistributionSummary> agreement;
    private final Meter.MeterProvider<Counter> images;

    ShadowMeters(MeterRegistry registry) {
        agreement = DistributionSummary.builder("gnserve.shadow.agreement")
                .description("How far the shadow version agrees with the answer of an image, 0 to 1")
                .serviceLevelObjectives(AGREEMENTS)
                .withRegistry(registry);
        images = Counter.builder("gnserve.shadow.images")
                .description("Images that were chosen for the shadow version, by outcome: compared, failed, dropped")
                .withRegistry(registry);
    }

    @EventListener
    void compared(ShadowCompared event) {
        Tags tags = Tags.of("model", event.model(), "version", event.version(), "shadow", event.shadow());
        for (ShadowCompared.Outcome outcome : ShadowCompared.Outcome.values()) {
            images.withTags(tags.and("outcome", outcome.name().toLowerCase(Locale.ROOT)))
                    .increment(outcome == event.outcome() ? 1 : 0);
        }
        if (event.outcome() == ShadowCompared.Outcome.COMPARED) {
            agreement.withTags(tags).record(event.agreement());
        }
    }
}
