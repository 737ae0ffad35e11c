package dev.gnserve.telemetry;

import dev.gnserve.verification.CallCheck;
import dev.gnserve.verification.Verdict;
import dev.gnserve.verification.VerificationCompleted;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Verdicts, and how much of its tolerance each layer's newest error used. Thread-safe. */
@Component
final class VerificationMeters {

    private final MeterRegistry registry;
    private final MultiGauge errorRatio;
    private final MultiGauge batchDifference;
    private final Map<Tags, Double> ratios = new ConcurrentHashMap<>();
    private final Map<Tags, Double> differences = new ConcurrentHashMap<>();

    VerificationMeters(MeterRegistry registry) {
        this.registry = registry;
        this.errorRatio = MultiGauge.builder("gnserve.verification.error.ratio")
                .description("Newest error of a layer over its tolerance; above 1 is a fault")
                .register(registry);
        this.batchDifference = MultiGauge.builder("gnserve.batch.invariance.difference")
                .description("Newest largest difference of an image's output alone and in a batch")
                .register(registry);
    }

    @EventListener
    void verified(VerificationCompleted completed) {
        Tags tags = Tags.of("model", completed.model(), "version", completed.version());
        String verdict = completed.report().verdict().name();
        Counter.builder("gnserve.verification")
                .description("Verifications by verdict")
                .tags(tags.and("verdict", verdict))
                .register(registry)
                .increment();
        Map<String, Double> worst = new LinkedHashMap<>();
        for (CallCheck call : completed.report().calls()) {
            worst.merge(call.layer(), ratio(call), Math::max);
        }
        worst.forEach((layer, ratio) -> ratios.put(tags.and("layer", layer), ratio));
        var invariance = completed.report().batchInvariance();
        if (invariance != null && invariance.verdict() != Verdict.NOT_APPLICABLE) {
            differences.put(tags, invariance.maxAbsoluteDifference());
        }
        errorRatio.register(rows(ratios).toList(), true);
        batchDifference.register(rows(differences).toList(), true);
    }

    private static double ratio(CallCheck call) {
        return call.tolerance() == 0 ? 0 : call.maxAbsoluteError() / call.tolerance();
    }

    private static Stream<MultiGauge.Row<?>> rows(Map<Tags, Double> values) {
        return values.entrySet().stream().map(value -> MultiGauge.Row.of(value.getKey(), value.getValue()));
    }
}
