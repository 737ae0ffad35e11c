package dev.gnserve.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.verification.BatchInvariance;
import dev.gnserve.verification.CallCheck;
import dev.gnserve.verification.Verdict;
import dev.gnserve.verification.VerificationCompleted;
import dev.gnserve.verification.VerificationReport;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class VerificationMetersTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final VerificationMeters meters = new VerificationMeters(registry);

    @Test
    void aLayerHasTheLargestRatioOfItsCalls() {
        meters.verified(verified("m", call("norm", 0.25), call("norm", 0.5), call("other", 0.125)));

        assertThat(gauges("gnserve.verification.error.ratio")).isEqualTo(Map.of("m norm", 0.5, "m other", 0.125));
        assertThat(gauges("gnserve.batch.invariance.difference")).isEqualTo(Map.of("m", 0.75));
    }

    @Test
    void theNewestVerificationReplacesLayersThatItDidNotSee() {
        meters.verified(verified("m", call("norm", 2)));
        meters.verified(verified("m", call("other", 0.125)));

        assertThat(gauges("gnserve.verification.error.ratio")).isEqualTo(Map.of("m other", 0.125));
    }

    @Test
    void aModelThatServesNoLongerHasNoFiguresThatAnAlertCouldSee() {
        meters.verified(verified("gone", call("norm", 2)));
        meters.verified(verified("stays", call("norm", 0.5)));

        meters.forget("gone", "1");

        assertThat(gauges("gnserve.verification.error.ratio")).isEqualTo(Map.of("stays norm", 0.5));
        assertThat(gauges("gnserve.batch.invariance.difference")).isEqualTo(Map.of("stays", 0.75));
        assertThat(registry.get("gnserve.verification")
                        .tags("model", "gone", "verdict", "PASS")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    /** By model, and layer if there is one. */
    private Map<String, Double> gauges(String name) {
        return registry.find(name).gauges().stream()
                .collect(Collectors.toMap(
                        gauge -> Stream.of("model", "layer")
                                .map(gauge.getId()::getTag)
                                .filter(tag -> tag != null)
                                .collect(Collectors.joining(" ")),
                        gauge -> gauge.value()));
    }

    private static VerificationCompleted verified(String model, CallCheck... calls) {
        BatchInvariance invariance = new BatchInvariance(2, 0.75, false, false, 0, Verdict.PASS, null);
        return new VerificationCompleted(
                model, "1", new VerificationReport(List.of(calls), invariance, List.of(), Verdict.PASS, null));
    }

    private static CallCheck call(String layer, double ratio) {
        return new CallCheck(
                layer, 1, 2, 4, 1e-5, List.of(1, 4, 8, 8), ratio, 1, List.of(0, 0, 0, 0), Verdict.PASS, null);
    }
}
