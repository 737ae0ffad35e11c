package dev.gnserve.verification;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.model.AfterResponseExecutor;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Verifies a share of one model's live inputs, after their response was sent.
 *
 * <p>At most one sample per model exists at any time, from its selection to the end of its verification. An input that is selected
 * meanwhile is dropped, with an event. Nothing waits or throws on the request's thread. Thread-safe.
 */
final class TrafficSampler {

    private static final System.Logger LOG = System.getLogger(TrafficSampler.class.getName());

    private final String model;
    private final String version;
    private final float rate;
    private final Function<FloatTensor, VerificationReport> verification;
    private final AfterResponseExecutor afterResponse;
    private final Executor background;
    private final DoubleSupplier random;
    private final Consumer<SampleDropped> dropped;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final AtomicReference<@Nullable Verdict> latest = new AtomicReference<>();
    private volatile boolean ended;

    /**
     * @param rate share of the inputs to verify, 0 to 1
     * @param verification verifies an input, on the background thread
     * @param background one thread
     * @param random uniform in [0, 1)
     */
    TrafficSampler(
            String model,
            String version,
            float rate,
            Function<FloatTensor, VerificationReport> verification,
            AfterResponseExecutor afterResponse,
            Executor background,
            DoubleSupplier random,
            Consumer<SampleDropped> dropped) {
        this.model = model;
        this.version = version;
        this.rate = rate;
        this.verification = verification;
        this.afterResponse = afterResponse;
        this.background = background;
        this.random = random;
        this.dropped = dropped;
    }

    /** Selects the input or not; inputs of other types and several inputs are never selected. Called on the request's thread. */
    void accepted(ModelInput input) {
        if (rate == 0 || random.getAsDouble() >= rate || !(input instanceof FloatTensor image)) {
            return;
        }
        if (busy.compareAndSet(false, true)) {
            afterResponse.execute(() -> start(image));
        } else {
            drop(SampleDropped.Cause.BUSY);
        }
    }

    /** The model ends: a waiting sample is not verified. */
    void end() {
        ended = true;
    }

    private void start(FloatTensor image) {
        try {
            background.execute(() -> verify(image));
        } catch (RejectedExecutionException e) {
            busy.set(false);
            drop(SampleDropped.Cause.FAILED);
        }
    }

    private void verify(FloatTensor image) {
        try {
            if (!ended) {
                logChange(verification.apply(image));
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            if (!ended) {
                LOG.log(WARNING, () -> "a sample of model " + model + " could not be verified", e);
                drop(SampleDropped.Cause.FAILED);
            }
        } finally {
            busy.set(false);
        }
    }

    /** Logs only changes, because a faulty model fails on every sample. The meters count all. */
    private void logChange(VerificationReport report) {
        if (report.verdict() == Verdict.NOT_APPLICABLE) {
            return; // It says nothing about the model.
        }
        Verdict before = latest.getAndSet(report.verdict());
        String name = "live traffic of model " + model + " version " + version;
        if (report.verdict() == Verdict.FAIL && before != Verdict.FAIL) {
            LOG.log(WARNING, () -> name + " fails verification: " + LoadVerification.describe(report));
        } else if (report.verdict() == Verdict.PASS && before == Verdict.FAIL) {
            LOG.log(INFO, () -> name + " passes verification again");
        }
    }

    private void drop(SampleDropped.Cause cause) {
        dropped.accept(new SampleDropped(model, version, cause));
    }
}
