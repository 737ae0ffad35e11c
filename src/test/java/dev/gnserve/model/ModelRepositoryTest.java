package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.batching.BatchCompleted;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.batching.Ticker;
import dev.gnserve.engine.Device;
import dev.gnserve.engine.Engine;
import dev.gnserve.engine.EngineSettings;
import dev.gnserve.engine.FloatTensor;
import dev.gnserve.engine.Prediction;
import dev.gnserve.engine.Tensor;
import dev.gnserve.engine.TensorShape;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models in a folder, on the real engine. */
class ModelRepositoryTest {

    private static final String MANIFEST = """
            task: segmentation
            labels: [a, b]
            execution: {workers: 2}
            batching: {maxSize: 4}
            warmUp: {shapes: [[3, 16, 16], [3, 16, 32]], batchSizes: [1, 2, 4]}
            """;

    private static Engine engine;

    @TempDir
    private Path folder;

    private final List<ModelStateChanged> changes = Collections.synchronizedList(new ArrayList<>());
    private final List<BatchCompleted> batches = Collections.synchronizedList(new ArrayList<>());
    private ModelRepository repository;

    @BeforeAll
    static void startEngine() {
        engine = Engine.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    @AfterEach
    void everyNativeArrayIsFreed() {
        if (repository != null) {
            repository.close(Duration.ofSeconds(10));
        }
        assertThat(engine.openArrays()).isZero();
    }

    @Test
    void aModelServesWhatItsArchiveComputes() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        load();

        ServedModel model = repository.find("seg", null);
        assertThat(model.state()).isEqualTo(ModelState.READY);
        assertThat(model.loadTime()).isPositive();
        assertThat(model.device()).isEqualTo("cpu");
        Outcome.Success<Prediction> answer =
                model.infer(image(), Deadline.none()).join().success();
        assertThat(answer.result().first().shape()).isEqualTo(TensorShape.of(3, 16, 16));
        assertThat(answer.timing().batchSize()).isEqualTo(1);
        assertThat(answer.timing().stages().infer()).isPositive();
        assertThat(batches)
                .as("warm-up is no traffic")
                .singleElement()
                .satisfies(batch -> assertThat(batch.model()).isEqualTo("seg"));
    }

    @Test
    void theNewestReadyVersionIsTheDefaultAndAVersionCanBeAskedFor() throws IOException {
        put("seg", "9", MANIFEST, "group-norm-traced.pt");
        put("seg", "10", MANIFEST, "group-norm-traced.pt");
        put("seg", "11", MANIFEST, null);
        Files.writeString(folder.resolve("seg/11/model.pt"), "no archive");
        load();

        assertThat(repository.models()).extracting(ServedModel::version).containsExactly("11", "10", "9");
        assertThat(repository.find("seg", null).version()).isEqualTo("10");
        assertThat(repository.find("seg", "9").version()).isEqualTo("9");
        assertThat(repository.find("seg", "11").state()).isEqualTo(ModelState.FAILED);
        assertThatThrownBy(() -> repository.find("seg", "12")).isInstanceOfSatisfying(FailureException.class, e -> {
            assertThat(e.failure().code()).isEqualTo(FailureCode.MODEL_NOT_FOUND);
            assertThat(e.failure().detail()).contains("[11, 10, 9]");
        });
        assertThatThrownBy(() -> repository.find("cat", null))
                .isInstanceOfSatisfying(
                        FailureException.class,
                        e -> assertThat(e.failure().code()).isEqualTo(FailureCode.MODEL_NOT_FOUND));
    }

    @Test
    void aBrokenModelSaysWhyWhileTheOthersServe() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        put("typo", "1", MANIFEST + "tsak: x\n", "group-norm-traced.pt");
        put("channels", "1", MANIFEST.replace("[a, b]", "[a, b, c]"), "group-norm-traced.pt");
        put("gray", "1", MANIFEST.replace("[3, ", "[1, ") + "input: {colour: gray}\n", "group-norm-traced.pt");
        put("text", "1", MANIFEST, null);
        Files.writeString(folder.resolve("text/1/model.pt"), "no archive");
        load();

        assertThat(repository.find("seg", null).state()).isEqualTo(ModelState.READY);
        assertThat(reason("typo")).contains("model.yaml, line 6, tsak: unknown field; allowed here: task, labels");
        assertThat(reason("channels")).contains("4 output channels").contains("shape [3, 16, 16]");
        assertThat(reason("gray")).contains("[1, 16, 16]").contains("3 channels");
        assertThat(reason("text")).contains("text/1/model.pt");
        assertThat(failure(repository.find("typo", null)).code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThatThrownBy(() -> repository.find("typo", null).manifest()).isInstanceOf(FailureException.class);
    }

    @Test
    void aModelThatLoadsAsksForPatience() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        list();

        ServedModel model = repository.find("seg", null);
        assertThat(model.state()).isEqualTo(ModelState.LOADING);
        Failure failure = failure(model);
        assertThat(failure.code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThat(failure.retryAfter()).isPositive();
    }

    @Test
    void closingFinishesWhatWasAcceptedAndRefusesTheRest() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        load();
        ServedModel model = repository.find("seg", null);
        List<CompletableFuture<Outcome<Prediction>>> answers = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            answers.add(model.infer(image(), Deadline.none()));
        }

        repository.close(Duration.ofSeconds(10));

        assertThat(answers).allSatisfy(answer -> assertThat(answer).isDone());
        assertThat(answers).allSatisfy(answer -> answer.join().orElseThrow());
        assertThat(failure(model).code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThat(changes).extracting(ModelStateChanged::state).containsExactly(ModelState.READY, ModelState.UNLOADED);
    }

    @Test
    void anImageThatTheModelRefusesFailsAlone() throws IOException {
        put("picky", "1", """
                task: segmentation
                labels: [a, b]
                execution: {workers: 1}
                batching: {maxSize: 8, maxDelay: 2s}
                warmUp: {shapes: [[3, 8, 8]]}
                """, "picky-scripted.pt");
        load();
        ServedModel model = repository.find("picky", null);
        List<CompletableFuture<Outcome<Prediction>>> answers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            answers.add(model.infer(Tensor.of(new float[] {i == 3 ? 101 : i}, 1, 1, 1), Deadline.none()));
        }

        for (int i = 0; i < 8; i++) {
            Outcome<Prediction> outcome = answers.get(i).join();
            if (i == 3) {
                assertThat(((Outcome.Failed<Prediction>) outcome).failure().detail())
                        .contains("values above 100 are not supported");
            } else {
                float[] doubled = ((FloatTensor) outcome.orElseThrow().first()).values();
                assertThat(doubled).containsExactly(2 * i);
            }
        }
    }

    @Test
    void anAnswerComesNoLaterThanItsDeadline() throws IOException {
        put("picky", "1", """
                task: segmentation
                labels: [a, b]
                batching: {maxSize: 8, maxDelay: 10s}
                warmUp: {shapes: [[3, 8, 8]]}
                """, "picky-scripted.pt");
        load();
        ServedModel model = repository.find("picky", null);

        Deadline soon = Deadline.in(Duration.ofMillis(20), Ticker.system());
        Outcome<Prediction> outcome =
                model.infer(Tensor.of(new float[] {1}, 1, 1, 1), soon).join();

        assertThat(((Outcome.Failed<Prediction>) outcome).failure().code()).isEqualTo(FailureCode.DEADLINE_EXCEEDED);
        assertThat(model.queueDepth()).isZero();
    }

    private void list() throws IOException {
        repository = new ModelRepository(engine, ModelFolder.list(folder), batches::add, changes::add);
    }

    private void load() throws IOException {
        list();
        repository.start();
        repository.settled().join();
    }

    private String reason(String name) {
        ServedModel model = repository.find(name, null);
        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        return model.reason();
    }

    private static Failure failure(ServedModel model) {
        return ((Outcome.Failed<Prediction>)
                        model.infer(image(), Deadline.none()).join())
                .failure();
    }

    private static Tensor image() {
        float[] values = new float[3 * 16 * 16];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 7;
        }
        return Tensor.of(values, 3, 16, 16);
    }

    private void put(String name, String version, String manifest, String archive) throws IOException {
        Path home = Files.createDirectories(folder.resolve(name).resolve(version));
        Files.writeString(folder.resolve(name).resolve("model.yaml"), manifest);
        if (archive != null) {
            try (InputStream in = ModelRepositoryTest.class.getResourceAsStream("/engine/" + archive)) {
                Files.copy(in, home.resolve("model.pt"));
            }
        }
    }
}
