package dev.gnserve.telemetry;

import dev.gnserve.pipeline.OutputCheck;
import dev.gnserve.verification.CallCheck;
import dev.gnserve.verification.SampleDropped;
import dev.gnserve.verification.Verdict;
import dev.gnserve.verification.VerificationCompleted;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Meters of verifications: verdicts, and the newest error of each layer in relation to its tolerance. Thread-safe. */
@Component
final class VerificationMeters {

    private final Meter.MeterProvider<Counter> verdicts;
    private final Meter.MeterProvider<Counter> dropped;
    private final Meter.MeterProvider<Counter> compared;
    private final Meter.MeterProvider<Counter> mismatches;
    private final MultiGauge errorRatio;
    private final MultiGauge batchDifference;
    private final Map<Tags, Double> ratios = new ConcurrentHashMap<>();
    private final Map<Tags, Double> differences = new ConcurrentHashMap<>();

    VerificationMeters(MeterRegistry registry) {
        this.verdicts = Counter.builder("gnserve.verification")
                .description("Verifications by verdict")
                .withRegistry(registry);
        this.dropped = Counter.builder("gnserve.verification.dropped")
                .description(
                        "Chosen samples of live traffic that were not verified: another was in progress, or the verification failed")
                .withRegistry(registry);
        this.compared = Counter.builder("gnserve.output.compared")
                .description("Outputs of live traffic that were compared with model.yaml")
                .withRegistry(registry);
        this.mismatches = Counter.builder("gnserve.output.mismatch")
                .description("Outputs of live traffic that do not fit model.yaml")
                .withRegistry(registry);
        this.errorRatio = MultiGauge.builder("gnserve.verification.error.ratio")
                .description("Newest error of a layer divided by its tolerance; above 1 is a fault")
                .register(registry);
        this.batchDifference = MultiGauge.builder("gnserve.batch.invariance.difference")
                .description(
                        "Largest difference between an image's output alone and in a batch, in the newest verification")
                .register(registry);
    }

    /** Creates the series of a model before its first verification, so that rates and alerts see zeros instead of gaps. */
    void expect(String model, String version) {
        for (Verdict verdict : Verdict.values()) {
            verdicts.withTags(tags(model, version).and("verdict", verdict.name()));
        }
        compared.withTags(tags(model, version));
        mismatches.withTags(tags(model, version));
        for (SampleDropped.Cause cause : SampleDropped.Cause.values()) {
            dropped.withTags(tags(model, version).and("cause", label(cause)));
        }
    }

    @EventListener
    void dropped(SampleDropped sample) {
        dropped.withTags(tags(sample.model(), sample.version()).and("cause", label(sample.cause())))
                .increment();
    }

    @EventListener
    void compared(OutputCheck.Compared output) {
        Tags tags = tags(output.model(), output.version());
        compared.withTags(tags).increment();
        mismatches.withTags(tags).increment(output.mismatch() == null ? 0 : 1);
    }

    @EventListener
    void verified(VerificationCompleted completed) {
        Tags tags = tags(completed.model(), completed.version());
        verdicts.withTags(tags.and("verdict", completed.report().verdict().name()))
                .increment();
        Map<String, Double> worst = new LinkedHashMap<>();
        for (CallCheck call : completed.report().calls()) {
            worst.merge(call.layer(), call.ratio(), Math::max);
        }
        removeRatios(tags);
        worst.forEach((layer, ratio) -> ratios.put(tags.and("layer", layer), ratio));
        var invariance = completed.report().batchInvariance();
        if (invariance != null && invariance.verdict() == Verdict.NOT_APPLICABLE) {
            differences.remove(tags);
        } else if (invariance != null) {
            differences.put(tags, invariance.maxAbsoluteDifference());
        }
        register();
    }

    /** Ends the series with the newest figures of a model that serves no longer: an alert would go on for them. */
    void forget(String model, String version) {
        Tags tags = tags(model, version);
        removeRatios(tags);
        differences.remove(tags);
        register();
    }

    /** Of layers that the newest verification did not see, too. */
    private void removeRatios(Tags tags) {
        ratios.keySet()
                .removeIf(key -> tags.stream().allMatch(tag -> key.stream().anyMatch(tag::equals)));
    }

    private void register() {
        errorRatio.register(rows(ratios).toList(), true);
        batchDifference.register(rows(differences).toList(), true);
    }

    private static Tags tags(String model, String version) {
        return Tags.of("model", model, "version", version);
    }

    private static String label(SampleDropped.Cause cause) {
        return cause.name().toLowerCase(Locale.ROOT);
    }

    private static Stream<MultiGauge.Row<?>> rows(Map<Tags, Double> values) {
        return values.entrySet().stream().map(value -> MultiGauge.Row.of(value.getKey(), value.getValue()));
    }
}
