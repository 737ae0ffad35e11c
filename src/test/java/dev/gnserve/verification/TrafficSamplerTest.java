package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Ticker;
import dev.gnserve.model.LifecycleTimes;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelCompanion;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Live traffic of a model on the real engine; when answers are sent and the background runs is up to the test. */
class TrafficSamplerTest {

    @TempDir
    private Path folder;

    private final Deque<Runnable> answered = new ArrayDeque<>();
    private final Deque<Runnable> background = new ArrayDeque<>();
    private final Deque<Double> random = new ArrayDeque<>();
    private final List<Object> events = new ArrayList<>();
    private Engine engine;
    private ModelRepository repository;
    private LoadedModel model;

    @BeforeEach
    void serve() throws IOException {
        Path version = Files.createDirectories(folder.resolve("model/1"));
        Files.writeString(folder.resolve("model/model.yaml"), """
                task: segmentation
                labels: [a, b]
                warmUp: {shapes: [[3, 16, 16]]}
                verification: {sampleRate: 0.25}
                """);
        try (InputStream in = getClass().getResourceAsStream("/engine/group-norm-traced.pt")) {
            Files.copy(in, version.resolve("model.pt"));
        }
        engine = new Engine(PyTorchBackend.start(new EngineSettings(Device.CPU, 1)));
        List<ModelSource> sources = ModelFolder.list(folder);
        ModelCompanion.Factory verification = loaded -> new ModelVerification(
                loaded, answered::add, work -> background.add(work), () -> random.remove(), events::add);
        repository = new ModelRepository(
                engine,
                () -> sources,
                batch -> {},
                change -> {},
                List.of(verification),
                LifecycleTimes.DEFAULT,
                Ticker.system());
        repository.start();
        repository.settled().join();
        model = repository.find("model", null);
    }

    @AfterEach
    void everyNativeArrayIsFreed() {
        repository.close(Duration.ofSeconds(10));
        assertThat(engine.openArrays()).isZero();
        engine.close();
    }

    @Test
    void theSelectedShareIsVerifiedAfterItsResponseWasSent() {
        ask(0.25);
        ask(0.999);
        assertThat(answered).as("not chosen").isEmpty();

        ask(0.249);
        assertThat(answered).hasSize(1);
        assertThat(background).as("the answer is not sent yet").isEmpty();

        answered.remove().run();
        assertThat(events).as("the background thread is busy elsewhere").isEmpty();

        background.remove().run();
        assertThat(events)
                .singleElement()
                .isInstanceOfSatisfying(
                        VerificationCompleted.class,
                        completed -> assertThat(completed.report().verdict()).isEqualTo(Verdict.PASS));
    }

    @Test
    void aSampleFindsWhatAVerificationFinds() {
        ask(0);
        answered.remove().run();
        background.remove().run();
        VerificationReport verified =
                model.companion(ModelVerification.class).verify(image(), 0).join();

        assertThat(events).containsExactly(new VerificationCompleted("model", "1", verified));
        assertThat(verified.calls()).isNotEmpty();
    }

    @Test
    void duringOneSampleOthersAreDroppedAndCounted() {
        ask(0);
        ask(0);
        answered.remove().run();
        ask(0);
        assertThat(answered).as("at most one sampled tensor is held").isEmpty();
        assertThat(events)
                .hasSize(2)
                .allSatisfy(event ->
                        assertThat(event).isEqualTo(new SampleDropped("model", "1", SampleDropped.Cause.BUSY)));

        background.remove().run();
        ask(0);
        assertThat(answered).as("there is room again").hasSize(1);
    }

    @Test
    void aSampleThatCannotBeVerifiedIsCountedAndTheNextOneRuns() {
        TrafficSampler sampler = sampler(
                image -> {
                    throw new IllegalStateException("planted");
                },
                background::add);
        sampler.accepted(image());
        answered.remove().run();
        background.remove().run();

        assertThat(events).containsExactly(new SampleDropped("model", "1", SampleDropped.Cause.FAILED));
        sampler.accepted(image());
        assertThat(answered).hasSize(1);
    }

    @Test
    void aSampleThatCannotBeStartedIsCounted() {
        TrafficSampler sampler = sampler(
                image -> {
                    throw new AssertionError("not started");
                },
                work -> {
                    throw new RejectedExecutionException("planted");
                });
        sampler.accepted(image());
        answered.remove().run();

        assertThat(events).containsExactly(new SampleDropped("model", "1", SampleDropped.Cause.FAILED));
    }

    @Test
    void aSampleThatWaitsWhenItsModelEndsIsNotVerified() {
        ask(0);
        answered.remove().run();
        repository.unload("model").join();
        assertThat(engine.openArrays()).as("nothing waits for the sample").isZero();

        background.remove().run();

        assertThat(events).isEmpty();
        assertThat(engine.openArrays()).isZero();
    }

    /** In float32, 1e30 squared is an infinity, so PyTorch's variance is one. That says nothing about the model. */
    @ParameterizedTest
    @ValueSource(floats = {1e30f, Float.POSITIVE_INFINITY, Float.NaN})
    void aSampleBeyondTheBoundOfTheErrorDoesNotBlameTheModel(float value) {
        FloatTensor image = image();
        image.values()[5] = value;

        random.add(0.0);
        model.infer(image, Deadline.none()).join().orElseThrow();
        answered.remove().run();
        background.remove().run();

        VerificationReport report = ((VerificationCompleted) events.get(0)).report();
        assertThat(events).as("no layer failed").hasSize(1);
        assertThat(report.verdict()).isEqualTo(Verdict.NOT_APPLICABLE);
        assertThat(report.reason())
                .contains(value == 1e30f ? "their squares exceed float32" : "values that are not finite");
        assertThat(report.worst().ratio()).isZero();
        ModelVerification verification = model.companion(ModelVerification.class);
        assertThat(verification.verify(image, 2).join().verdict()).isEqualTo(Verdict.NOT_APPLICABLE);
    }

    private TrafficSampler sampler(Function<FloatTensor, VerificationReport> verification, Executor executor) {
        return new TrafficSampler("model", "1", 1, verification, answered::add, executor, () -> 0, events::add);
    }

    private void ask(double drawn) {
        random.add(drawn);
        model.infer(image(), Deadline.none()).join().orElseThrow();
        random.clear();
    }

    private static FloatTensor image() {
        float[] values = new float[3 * 16 * 16];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 7;
        }
        return Tensor.of(values, 3, 16, 16);
    }
}
