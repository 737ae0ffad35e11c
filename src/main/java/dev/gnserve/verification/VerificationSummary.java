package dev.gnserve.verification;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The verifications of one loaded model since it was loaded: at load, on request, and of samples of live traffic.
 *
 * @param passed number of them
 * @param failed number of them
 * @param notApplicable number of those that found no Group Normalization to check, or whose input lies where no bound of the
 *     error holds
 * @param dropped samples of live traffic that were chosen and not verified
 * @param last the newest; absent before the first
 */
@Schema(name = "VerificationSummary")
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VerificationSummary(
        @Schema(example = "12") long passed,
        @Schema(example = "0") long failed,
        @Schema(example = "0") long notApplicable,
        @Schema(example = "0") long dropped,
        @Nullable Last last) {

    /**
     * The newest verification.
     *
     * @param at when it ended
     * @param worstLayer the layer with the largest error in relation to its tolerance; absent if no call was checked
     * @param errorRatio that error divided by the tolerance; above 1 is a fault
     * @param reason what failed first, or why nothing could be checked; absent for PASS
     */
    @Schema(name = "LastVerification")
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Last(
            Instant at,
            Verdict verdict,
            @Schema(example = "encoder.0.norm1") @Nullable String worstLayer,
            @Schema(example = "0.17") @Nullable Double errorRatio,
            @Nullable String reason) {

        static Last of(VerificationReport report, Instant at) {
            CallCheck worst = report.worst();
            return new Last(
                    at,
                    report.verdict(),
                    worst == null ? null : worst.layer(),
                    worst == null ? null : worst.ratio(),
                    report.reason());
        }
    }

    static final VerificationSummary NONE = new VerificationSummary(0, 0, 0, 0, null);

    VerificationSummary with(VerificationReport report, Instant at) {
        Verdict verdict = report.verdict();
        return new VerificationSummary(
                passed + (verdict == Verdict.PASS ? 1 : 0),
                failed + (verdict == Verdict.FAIL ? 1 : 0),
                notApplicable + (verdict == Verdict.NOT_APPLICABLE ? 1 : 0),
                dropped,
                Last.of(report, at));
    }

    VerificationSummary withDropped() {
        return new VerificationSummary(passed, failed, notApplicable, dropped + 1, last);
    }
}
