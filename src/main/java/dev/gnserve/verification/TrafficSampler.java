package dev.gnserve.verification;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.model.AfterAnswer;
import dev.gnserve.model.ServedModel;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/**
 * Verifies a share of what models are asked, after the answer was sent.
 *
 * <p>Each model has room for one sample, taken when an input is chosen and given back when its verification has ended:
 * so a model keeps at most one sampled tensor alive, whatever the traffic. What is chosen while the room is taken is
 * dropped, and told as dropped. Nothing here waits or throws on the thread that asked. Thread-safe.
 */
final class TrafficSampler {

    private static final System.Logger LOG = System.getLogger(TrafficSampler.class.getName());

    private final BiFunction<ServedModel, FloatTensor, VerificationReport> verification;
    private final AfterAnswer afterAnswer;
    private final Executor background;
    private final DoubleSupplier random;
    private final Consumer<SampleDropped> dropped;
    private final Set<ServedModel> taken = ConcurrentHashMap.newKeySet();
    private final Map<ServedModel, Verdict> latest = new ConcurrentHashMap<>();

    /**
     * @param verification runs on the background thread
     * @param background one thread
     * @param random uniform in [0, 1)
     */
    TrafficSampler(
            BiFunction<ServedModel, FloatTensor, VerificationReport> verification,
            AfterAnswer afterAnswer,
            Executor background,
            DoubleSupplier random,
            Consumer<SampleDropped> dropped) {
        this.verification = verification;
        this.afterAnswer = afterAnswer;
        this.background = background;
        this.random = random;
        this.dropped = dropped;
    }

    /** An input that the model will answer; on the thread that asked. */
    void accepted(ServedModel model, Tensor input) {
        float rate = model.manifest().verification().sampleRate();
        if (rate == 0 || random.getAsDouble() >= rate || !(input instanceof FloatTensor image)) {
            return;
        }
        if (taken.add(model)) {
            afterAnswer.run(() -> start(model, image));
        } else {
            drop(model, SampleDropped.Cause.BUSY);
        }
    }

    /** The model ended: another one of its name begins anew. */
    void forget(ServedModel model) {
        latest.remove(model);
    }

    private void start(ServedModel model, FloatTensor image) {
        try {
            background.execute(() -> verify(model, image));
        } catch (RejectedExecutionException e) {
            taken.remove(model);
            drop(model, SampleDropped.Cause.FAILED);
        }
    }

    private void verify(ServedModel model, FloatTensor image) {
        try {
            tell(model, verification.apply(model, image));
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.log(WARNING, () -> "a sample of model " + model.name() + " could not be verified", e);
            drop(model, SampleDropped.Cause.FAILED);
        } finally {
            taken.remove(model);
        }
    }

    /** Once per change: a faulty model fails on every sample, and the meters count them. */
    private void tell(ServedModel model, VerificationReport report) {
        Verdict before = latest.put(model, report.verdict());
        String name = "live traffic of model " + model.name() + " version " + model.version();
        if (report.verdict() == Verdict.FAIL && before != Verdict.FAIL) {
            LOG.log(WARNING, () -> name + " fails verification: " + LoadVerification.describe(report));
        } else if (report.verdict() != Verdict.FAIL && before == Verdict.FAIL) {
            LOG.log(INFO, () -> name + " passes verification again");
        }
    }

    private void drop(ServedModel model, SampleDropped.Cause cause) {
        dropped.accept(new SampleDropped(model.name(), model.version(), cause));
    }
}
