package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.batching.Deadline;
import dev.gnserve.model.Inference;
import dev.gnserve.model.ModelAudit;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ServedModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Live traffic of a model on the real engine; when answers are sent and the background runs is up to the test. */
class TrafficSamplerTest {

    @TempDir
    private Path folder;

    private final Deque<Runnable> answered = new ArrayDeque<>();
    private final Deque<Runnable> background = new ArrayDeque<>();
    private final Deque<Double> random = new ArrayDeque<>();
    private final List<Object> events = new ArrayList<>();
    private PyTorchBackend engine;
    private ModelVerifiers verifiers;
    private ModelRepository repository;
    private ServedModel model;
    private TrafficSampler sampler;

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
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
        verifiers = new ModelVerifiers(engine, events::add);
        sampler = new TrafficSampler(
                verifiers::sample, answered::add, background::add, () -> random.remove(), events::add);
        repository = new ModelRepository(engine, ModelFolder.list(folder), batch -> {}, change -> {}, new ModelAudit() {
            @Override
            public String objection(ServedModel loaded, Inference inference) {
                return null;
            }

            @Override
            public void accepted(ServedModel asked, Tensor input) {
                sampler.accepted(asked, input);
            }
        });
        repository.start();
        repository.settled().join();
        model = repository.find("model", null);
    }

    @AfterEach
    void everyNativeArrayIsFreed() {
        repository.close(Duration.ofSeconds(10));
        verifiers.close();
        assertThat(engine.openArrays()).isZero();
        engine.close();
    }

    @Test
    void theChosenShareIsVerifiedAfterItsAnswerWasSent() {
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
        FloatTensor image = image();

        VerificationReport sampled = verifiers.sample(model, image);
        VerificationReport verified = verifiers.verify(model, image, 0).join();

        assertThat(sampled).isEqualTo(verified);
        assertThat(sampled.calls()).isNotEmpty();
    }

    @Test
    void whileOneSampleIsHeldOthersAreDroppedAndCounted() {
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
    void aSampleThatCannotBeVerifiedIsCountedAndLeavesItsRoom() {
        sampler = new TrafficSampler(
                (asked, input) -> {
                    throw new IllegalStateException("planted");
                },
                answered::add,
                background::add,
                () -> 0,
                events::add);
        ask(0);
        answered.remove().run();
        background.remove().run();

        assertThat(events).containsExactly(new SampleDropped("model", "1", SampleDropped.Cause.FAILED));
        ask(0);
        assertThat(answered).hasSize(1);
    }

    @Test
    void aSampleThatComesAfterTheEndIsDropped() {
        sampler = new TrafficSampler(
                verifiers::sample,
                answered::add,
                work -> {
                    throw new RejectedExecutionException("planted");
                },
                () -> 0,
                events::add);
        ask(0);
        answered.remove().run();

        assertThat(events).containsExactly(new SampleDropped("model", "1", SampleDropped.Cause.FAILED));
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
