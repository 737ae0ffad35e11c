package dev.gnserve.verification;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.backend.ModelInput;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Verification.OnLoad;
import dev.gnserve.model.WarmUp;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Verifies a model after its warm-up, before its first request, with an input of its first warm-up shape: every layer, and batches
 * of 2, 4 and 8 up to the model's batch size. Thread-safe.
 */
final class LoadVerification {

    private static final System.Logger LOG = System.getLogger(LoadVerification.class.getName());

    private static final int LARGEST_BATCH = 8;

    private final String name;
    private final ModelManifest manifest;
    private final ModelVerification verification;

    LoadVerification(String name, ModelManifest manifest, ModelVerification verification) {
        this.name = name;
        this.manifest = manifest;
        this.verification = verification;
    }

    /** Why the model must not serve and what to do; or null. If the manifest says warn, a failure is only logged. */
    @Nullable
    String objection() {
        OnLoad onLoad = manifest.verification().onLoad();
        if (onLoad == OnLoad.OFF) {
            return null;
        }
        String fault = fault();
        if (fault != null && onLoad == OnLoad.WARN) {
            LOG.log(
                    WARNING,
                    () -> name + " serves although " + fault
                            + " (with verification.onLoad: require it would not serve)");
            return null;
        }
        return fault == null
                ? null
                : fault
                        + ". Export the archive again, or repair the machine. To serve the model anyway, set"
                        + " verification.onLoad: warn in model.yaml";
    }

    private @Nullable String fault() {
        VerificationReport report;
        try {
            WarmUp warmUp = manifest.warmUp();
            ModelInput input = warmUp.named() == null
                    ? WarmUp.input(warmUp.shapes().get(0))
                    : warmUp.noise().get(0);
            int batch = Math.min(LARGEST_BATCH, manifest.batching().maxSize());
            report = verification.verifyAtLoad(input, batch);
        } catch (FailureException e) {
            return "it cannot be verified: " + e.failure().detail();
        }
        switch (report.verdict()) {
            case FAIL -> {
                return "its verification failed: " + describe(report);
            }
            case NOT_APPLICABLE -> {
                if (!report.calls().isEmpty()) { // The input is ordinary noise, so the model makes such values itself.
                    return "its verification has no result: " + report.reason();
                }
                LOG.log(INFO, () -> name + " has nothing to verify: " + report.reason());
            }
            case PASS -> LOG.log(INFO, () -> name + " is verified: " + describe(report));
        }
        return null;
    }

    /** One sentence: the worst layer with its numbers, the batches, and the reason of a failure. */
    static String describe(VerificationReport report) {
        CallCheck worst = report.worst();
        String numbers = worst == null
                ? "no call was checked"
                : String.format(
                        Locale.ROOT,
                        "%d calls of Group Normalization, worst in layer %s: error %.3g, tolerance %.3g, ratio %.3g",
                        report.calls().size(),
                        worst.layer(),
                        worst.maxAbsoluteError(),
                        worst.tolerance(),
                        worst.ratio());
        String unverified =
                report.unverified().isEmpty() ? "" : ", " + report.unverified().size() + " layers not verified";
        BatchInvariance invariance = report.batchInvariance();
        String batches = "";
        if (invariance != null && invariance.verdict() == Verdict.PASS) {
            batches = String.format(
                    Locale.ROOT,
                    ", batches up to %d differ by %.3g",
                    invariance.batch(),
                    invariance.maxAbsoluteDifference());
        } else if (invariance != null && invariance.verdict() == Verdict.NOT_APPLICABLE) {
            batches = ", batches not compared (" + invariance.reason() + ")";
        }
        String reason = "";
        if (report.verdict() == Verdict.FAIL) {
            reason = worst != null && worst.verdict() == Verdict.FAIL ? "; " + worst.reason() : "; " + report.reason();
        }
        return numbers + unverified + batches + reason;
    }
}
