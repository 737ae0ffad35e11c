package dev.gnserve.verification;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Verification.OnLoad;
import dev.gnserve.model.WarmUp;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Verifies a model between its warm-up and its first request, on an input of its first warm-up shape: every layer, and
 * batches of 2, 4 and 8 as far as the model will run them. Thread-safe.
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

    /** Why a model must not serve and what to do, or null; a failure that its manifest only warns of is logged. */
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
                            + " (verification.onLoad: require would keep it from serving)");
            return null;
        }
        return fault == null
                ? null
                : fault
                        + ". Export the archive again or mend the machine; verification.onLoad: warn in model.yaml serves"
                        + " it nevertheless";
    }

    private @Nullable String fault() {
        VerificationReport report;
        try {
            FloatTensor input = WarmUp.input(manifest.warmUp().shapes().get(0));
            int batch = Math.min(LARGEST_BATCH, manifest.batching().maxSize());
            report = verification.verifyAtLoad(input, batch);
        } catch (FailureException e) {
            return "it cannot be verified: " + e.failure().detail();
        }
        switch (report.verdict()) {
            case FAIL -> {
                return "its verification failed: " + describe(report);
            }
            case NOT_APPLICABLE -> LOG.log(INFO, () -> name + ": nothing to verify at load: " + report.reason());
            case PASS -> LOG.log(INFO, () -> name + " is verified: " + describe(report));
        }
        return null;
    }

    /** The worst layer with its numbers, then what it is blamed for. */
    static String describe(VerificationReport report) {
        CallCheck worst = report.worst();
        String numbers = worst == null
                ? "no call was checked"
                : String.format(
                        Locale.ROOT,
                        "%d calls of Group Normalization, worst in layer %s: error %.3g of tolerance %.3g (%.3g times)",
                        report.calls().size(),
                        worst.layer(),
                        worst.maxAbsoluteError(),
                        worst.tolerance(),
                        worst.ratio());
        String left =
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
        String blame = "";
        if (report.verdict() == Verdict.FAIL) {
            blame = worst != null && worst.verdict() == Verdict.FAIL ? "; " + worst.reason() : "; " + report.reason();
        }
        return numbers + left + batches + blame;
    }
}
