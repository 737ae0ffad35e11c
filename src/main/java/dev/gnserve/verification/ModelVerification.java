package dev.gnserve.verification;

import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.AfterResponseExecutor;
import dev.gnserve.model.Inference;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Verifies one loaded model: at load, on request, and on a sample of its traffic. Uses the snapshot that the model was loaded from.
 * Thread-safe.
 */
final class ModelVerification implements VerifiedModel {

    /** A compromise: the instrumented copy needs as much memory as the model, and about as much time to load. */
    private static final Duration IDLE = Duration.ofMinutes(1);

    private final LoadedModel loaded;
    private final String model;
    private final String version;
    private final List<LayerDescription> layers;
    private final @Nullable Failure unreadable;
    private final ModelVerifier verifier;
    private final LoadVerification atLoad;
    private final TrafficSampler sampler;
    private final Consumer<Object> events;
    private VerificationSummary summary = VerificationSummary.NONE; // Guarded by this.

    /**
     * @param background one thread, on which samples are verified
     * @param random uniform in [0, 1); selects the samples
     * @param events receives an event for every verification, every failed layer and every dropped sample
     */
    ModelVerification(
            LoadedModel loaded,
            AfterResponseExecutor afterResponse,
            Executor background,
            DoubleSupplier random,
            Consumer<Object> events) {
        this.loaded = loaded;
        this.model = loaded.name();
        this.version = loaded.version();
        this.events = events;
        ModelManifest manifest = loaded.manifest();
        List<LayerDescription> found = List.of();
        Failure failure = null;
        try {
            found = loaded.archive().torchScript().normalizations().stream()
                    .map(LayerDescription::of)
                    .toList();
        } catch (TorchScriptException e) {
            // Not fatal: the engine may still load the archive.
            failure = Failure.of(
                    FailureCode.MODEL_UNAVAILABLE,
                    "the archive of model " + model + " version " + version + " cannot be read: " + e.getMessage(),
                    e);
        }
        layers = found;
        unreadable = failure;
        verifier = new ModelVerifier(
                loaded.scope(),
                loaded.archive(),
                model + " version " + version,
                new BackendPlan(manifest.execution().device(), 0, loaded.plan()),
                manifest.verification().expected(),
                Decisions.of(manifest),
                IDLE);
        atLoad = new LoadVerification("model " + model + " version " + version, manifest, this);
        sampler = new TrafficSampler(
                model,
                version,
                manifest.verification().sampleRate(),
                image -> publish(verifier.sample(image)),
                afterResponse,
                background,
                random,
                this::dropped);
    }

    private void dropped(SampleDropped sample) {
        synchronized (this) {
            summary = summary.withDropped();
        }
        events.accept(sample);
    }

    /**
     * All normalization layers of the archive, in the order of the module tree.
     *
     * @throws dev.gnserve.failure.FailureException MODEL_UNAVAILABLE if the archive cannot be read
     */
    List<LayerDescription> layers() {
        if (unreadable != null) {
            throw unreadable.asException();
        }
        return layers;
    }

    /**
     * Verifies the model with the input for one image, after the verifications that wait already.
     *
     * @return the report, which the caller must {@link #publish}. Cancelling it before its turn prevents the verification
     * @throws dev.gnserve.failure.FailureException OVERLOADED if too many wait already
     */
    CompletableFuture<VerificationReport> verify(FloatTensor input, int batch) {
        return verifier.verify(input, batch);
    }

    /** Verifies a model before it is ready, and frees the copy at once, because many models may load. */
    VerificationReport verifyAtLoad(ModelInput input, int batch) {
        try {
            return publish(verifier.verifyNow(input, batch));
        } finally {
            verifier.releaseCopy();
        }
    }

    /** Counts a report, publishes it as an event, for the meters, and returns it. */
    VerificationReport publish(VerificationReport report) {
        synchronized (this) {
            summary = summary.with(report, Instant.now());
        }
        events.accept(new VerificationCompleted(model, version, report));
        CallCheck worst = report.worst();
        if (worst != null && worst.verdict() == Verdict.FAIL) {
            events.accept(
                    new LayerFailed(loaded, "layer " + worst.layer() + " failed verification: " + worst.reason()));
        }
        return report;
    }

    @Override
    public synchronized VerificationSummary summary() {
        return summary;
    }

    /** Whether the instrumented copy is loaded now. */
    boolean holdsCopy() {
        return verifier.holdsCopy();
    }

    @Override
    public @Nullable String objection(Inference inference) {
        return atLoad.objection();
    }

    @Override
    public void accepted(ModelInput input) {
        sampler.accepted(input);
    }

    @Override
    public void end() {
        sampler.end();
        verifier.end();
    }

    @Override
    public void close() {
        verifier.close();
    }
}
