package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class VerificationSummaryTest {

    private static final Instant NOON = Instant.parse("2026-11-29T12:00:00Z");

    @Test
    void countsByVerdictAndKeepsTheNewest() {
        CallCheck good = call("a", 0.1, Verdict.PASS, null);
        CallCheck bad = call("b", 3, Verdict.FAIL, "the error is above the tolerance");
        VerificationSummary summary = VerificationSummary.NONE
                .with(report(List.of(good), Verdict.PASS, null), NOON)
                .with(report(List.of(), Verdict.NOT_APPLICABLE, "there is no Group Normalization"), NOON)
                .withDropped()
                .with(report(List.of(good, bad), Verdict.FAIL, "layer b"), NOON.plusSeconds(1));

        assertThat(summary)
                .isEqualTo(new VerificationSummary(
                        1,
                        1,
                        1,
                        1,
                        new VerificationSummary.Last(NOON.plusSeconds(1), Verdict.FAIL, "b", 3.0, "layer b")));
    }

    @Test
    void aVerificationWithoutACallHasNoWorstLayer() {
        VerificationSummary summary =
                VerificationSummary.NONE.with(report(List.of(), Verdict.NOT_APPLICABLE, "none"), NOON);

        assertThat(summary.last())
                .isEqualTo(new VerificationSummary.Last(NOON, Verdict.NOT_APPLICABLE, null, null, "none"));
    }

    /** JSON has no infinity, and the schema says number. */
    @Test
    void theRatioIsANumber() {
        CallCheck call = new CallCheck(
                "a", 1, 2, 4, 1e-5, List.of(1, 4), Double.MAX_VALUE, 1e-6, List.of(0, 0), Verdict.FAIL, "an infinity");

        assertThat(VerificationSummary.NONE
                        .with(report(List.of(call), Verdict.FAIL, "a"), NOON)
                        .last()
                        .errorRatio())
                .isEqualTo(Double.MAX_VALUE);
    }

    private static VerificationReport report(List<CallCheck> calls, Verdict verdict, String reason) {
        return new VerificationReport(calls, null, List.of(), verdict, reason);
    }

    private static CallCheck call(String layer, double error, Verdict verdict, String reason) {
        return new CallCheck(layer, 1, 2, 4, 1e-5, List.of(1, 4, 8, 8), error, 1, List.of(0, 0, 0, 0), verdict, reason);
    }
}
