package dev.gnserve.verification;

import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ServedModel;
import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;

/** Verifies the served models; each has one verifier, made when it is first asked for. Thread-safe. */
@Component
final class ModelVerifiers {

    /** A copy takes as much memory as the model, and loads in about the time that the model took. */
    private static final Duration IDLE = Duration.ofMinutes(1);

    private final PyTorchBackend engine;
    private final ApplicationEventPublisher events;
    private final Map<ServedModel, ModelVerifier> verifiers = new ConcurrentHashMap<>();
    private final Map<ServedModel, List<LayerDescription>> layers = new ConcurrentHashMap<>();

    ModelVerifiers(PyTorchBackend engine, ApplicationEventPublisher events) {
        this.engine = engine;
        this.events = events;
    }

    /** Every normalization layer of a model's archive. */
    List<LayerDescription> layers(ServedModel model) {
        return layers.computeIfAbsent(
                model,
                asked -> readable(
                        asked,
                        () -> archive(asked).normalizations().stream()
                                .map(LayerDescription::of)
                                .toList()));
    }

    /**
     * Verifies a model on the input for one image, when those before it are done; if it is cancelled until then, never.
     *
     * @return the report, which is to be {@link #told}
     * @throws FailureException OVERLOADED when others wait already
     */
    CompletableFuture<VerificationReport> verify(ServedModel model, FloatTensor input, int batch) {
        return verifier(model).verify(input, batch);
    }

    /** Verifies a model that is not ready yet, and frees the copy at once: many models may load. */
    VerificationReport verifyAtLoad(ServedModel model, FloatTensor input, int batch) {
        ModelVerifier verifier = verifier(model);
        try {
            return told(model, verifier.verifyNow(input, batch));
        } finally {
            verifier.releaseCopy();
        }
    }

    /** Checks the layers of a model on an input that it has answered already, on the calling background thread. */
    VerificationReport sample(ServedModel model, FloatTensor input) {
        return told(model, verifier(model).sample(input));
    }

    /** Tells the meters. */
    VerificationReport told(ServedModel model, VerificationReport report) {
        events.publishEvent(new VerificationCompleted(model.name(), model.version(), report));
        return report;
    }

    /** The verifier of a model, made when it is first asked for. */
    ModelVerifier verifier(ServedModel model) {
        return verifiers.computeIfAbsent(
                model,
                asked -> new ModelVerifier(
                        engine,
                        () -> readable(asked, () -> archive(asked)),
                        asked.name() + " version " + asked.version(),
                        asked.manifest().execution().device(),
                        asked.manifest().verification().expected(),
                        Decisions.of(asked.manifest()),
                        IDLE));
    }

    /** Frees what is kept for a model that serves no more. */
    void forget(ServedModel model) {
        layers.remove(model);
        ModelVerifier verifier = verifiers.remove(model);
        if (verifier != null) {
            verifier.close();
        }
    }

    /** Before the engine is closed, which it depends on. */
    @PreDestroy
    void close() {
        verifiers.values().forEach(ModelVerifier::close);
    }

    private static TorchScriptArchive archive(ServedModel model) throws IOException {
        try (InputStream in = model.openArchive()) {
            return TorchScriptArchive.of(in.readAllBytes());
        }
    }

    @FunctionalInterface
    private interface Reading<T> {
        T read() throws IOException;
    }

    private static <T> T readable(ServedModel model, Reading<T> reading) {
        try {
            return reading.read();
        } catch (IOException | TorchScriptException e) {
            throw Failure.of(
                            FailureCode.MODEL_UNAVAILABLE,
                            "the archive of model '" + model.name() + "' version " + model.version()
                                    + " cannot be read: " + e.getMessage(),
                            e)
                    .asException();
        }
    }
}
