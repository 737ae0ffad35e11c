package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.batching.BatchCompleted;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.process.ResidentMemory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
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
    private final AtomicLong clock = new AtomicLong();
    private ModelRepository repository;

    @BeforeAll
    static void startEngine() {
        engine = new Engine(PyTorchBackend.start(new EngineSettings(Device.CPU, 1)));
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

        LoadedModel model = repository.find("seg", null);
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
    void theNewestReadyVersionIsTheDefaultAndAVersionCanBeRequested() throws IOException {
        put("seg", "9", MANIFEST, "group-norm-traced.pt");
        put("seg", "10", MANIFEST, "group-norm-traced.pt");
        put("seg", "11", MANIFEST, null);
        Files.writeString(folder.resolve("seg/11/model.pt"), "no archive");
        load();

        assertThat(repository.models()).extracting(LoadedModel::version).containsExactly("11", "10", "9");
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

    /** Its files may come later. Meanwhile nothing answers in its place, and a request can repair it. */
    @Test
    void aDefaultVersionThatDoesNotExistCanBeChanged() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        Files.writeString(folder.resolve("seg/traffic.yaml"), "default: 3\n");
        load();

        assertThatThrownBy(() -> repository.find("seg", null)).isInstanceOfSatisfying(FailureException.class, e -> {
            assertThat(e.failure().code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
            assertThat(e.failure().detail())
                    .isEqualTo("model seg has no version \"3\", which its traffic names as the default; it has [1]."
                            + " Bring that version, or make another one the default");
        });
        assertThat(repository.mainVersion("seg")).isEqualTo("3");
        assertThat(repository.find("seg", "1").state()).isEqualTo(ModelState.READY);

        repository.setTraffic("seg", new Traffic("1", null));
        assertThat(repository.find("seg", null).version()).isEqualTo("1");

        repository.setTraffic("seg", Traffic.NEWEST);
        repository.unload("seg").join();
        assertThat(repository.find("seg", "1").serves()).isFalse();
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
        assertThat(reason("typo"))
                .contains("model.yaml, line 6, tsak: unknown field (is task meant?); allowed here: task, labels");
        assertThat(reason("channels")).contains("4 output channels").contains("shape [3, 16, 16]");
        assertThat(reason("gray")).contains("[1, 16, 16]").contains("3 channels");
        assertThat(reason("text")).contains("text/1/model.pt");
        assertThat(failure(repository.find("typo", null)).code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThatThrownBy(() -> repository.find("typo", null).manifest()).isInstanceOf(FailureException.class);
    }

    @Test
    void aLoadingModelSendsRetryAfter() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        list();

        LoadedModel model = repository.find("seg", null);
        assertThat(model.state()).isEqualTo(ModelState.LOADING);
        Failure failure = failure(model);
        assertThat(failure.code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThat(failure.retryAfter()).isPositive();
    }

    @Test
    void closingFinishesWhatWasAcceptedAndRefusesTheRest() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        load();
        LoadedModel model = repository.find("seg", null);
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
        LoadedModel model = repository.find("picky", null);
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
    void aNewVersionIsTheDefaultOnceItIsReadyAndTheOldOneCanBeRequested() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        load();
        LoadedModel first = repository.find("seg", null);
        put("seg", "2", MANIFEST, "group-norm-traced.pt");

        assertThat(repository.load("seg").join()).isEmpty();

        assertThat(repository.find("seg", null).version()).isEqualTo("2");
        assertThat(repository.find("seg", "1").state()).isEqualTo(ModelState.READY);
        assertThat(first.state()).as("loaded again with the rest, and freed").isEqualTo(ModelState.UNLOADED);
        assertThatThrownBy(() -> repository.load("cat").join()).hasCauseInstanceOf(FailureException.class);
    }

    @Test
    void aModelIsLoadedAgainWhileItServesWithoutAFailedRequest() throws Exception {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        load();
        int before = engine.openArrays();
        FloatTensor expected = (FloatTensor) answer(repository.find("seg", null));
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger answered = new AtomicInteger();
        List<CompletableFuture<Void>> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            clients.add(CompletableFuture.runAsync(() -> {
                while (!over.get()) {
                    try (ModelLease lease = repository.lease("seg", null)) {
                        lease.model().requireReady();
                        for (int tile = 0; tile < 3; tile++) {
                            FloatTensor got = (FloatTensor) answer(lease.model());
                            assertThat(got.values()).containsExactly(expected.values(), Offset.offset(1e-5f));
                            answered.incrementAndGet();
                        }
                    }
                }
            }));
        }
        try {
            for (int i = 0; i < 5; i++) {
                assertThat(repository.load("seg").join()).isEmpty();
            }
        } finally {
            over.set(true);
        }

        clients.forEach(CompletableFuture::join);
        assertThat(answered.get()).isGreaterThan(15);
        assertThat(repository.models()).hasSize(1);
        assertThat(engine.openArrays()).as("of one model, not of six").isEqualTo(before);
    }

    @Test
    void aBrokenReloadLeavesTheOldOneServingAndSaysWhy() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        load();
        int before = engine.openArrays();
        Files.writeString(folder.resolve("seg/1/model.pt"), "no archive");
        put("seg", "2", MANIFEST, null);
        Files.writeString(folder.resolve("seg/2/model.pt"), "no archive either");

        Map<String, String> failed = repository.load("seg").join();

        assertThat(failed).containsOnlyKeys("1", "2");
        assertThat(failed.get("1")).contains("seg/1/model.pt");
        LoadedModel serving = repository.find("seg", null);
        assertThat(serving.version()).isEqualTo("1");
        assertThat(serving.state()).isEqualTo(ModelState.READY);
        assertThat(serving.reason()).contains("the reload failed", "seg/1/model.pt");
        assertThat(answer(serving).shape()).isEqualTo(TensorShape.of(3, 16, 16));
        assertThat(repository.find("seg", "2").state()).isEqualTo(ModelState.FAILED);
        assertThat(engine.openArrays()).isEqualTo(before);
    }

    @Test
    void anUnloadedModelGivesItsNativeMemoryBackAndCanBeLoadedAgain() throws IOException {
        put("other", "1", MANIFEST, "group-norm-traced.pt");
        load();
        int alone = engine.openArrays();
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        assertThat(repository.load("seg").join()).isEmpty();

        repository.unload("seg").join();

        assertThat(engine.openArrays()).isEqualTo(alone);
        LoadedModel unloaded = repository.find("seg", null);
        assertThat(unloaded.state()).isEqualTo(ModelState.UNLOADED);
        assertThatThrownBy(unloaded::requireReady)
                .isInstanceOfSatisfying(
                        FailureException.class,
                        e -> assertThat(e.failure().code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE));
        assertThat(repository.load("seg").join()).isEmpty();
        assertThat(answer(repository.find("seg", null)).shape()).isEqualTo(TensorShape.of(3, 16, 16));
    }

    /** Parameters are no arrays of the engine's manager, so that only the kernel can tell whether they are gone. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void theParametersOfAnUnloadedModelDoNotStayInMemory() throws IOException {
        put("unet", "1", """
                task: segmentation
                labels: [nucleus]
                input: {colour: rgb, sizeMultiple: 16}
                output: {channels: [background, nucleus, boundary]}
                warmUp: {shapes: [[3, 64, 64]], batchSizes: [1]}
                """, null);
        Path archive = Path.of("src/main/resources/models/nuclei-unet-gn/1/model.pt");
        Files.copy(archive, folder.resolve("unet/1/model.pt"));
        load();
        assertThat(repository.find("unet", null).state()).isEqualTo(ModelState.READY);
        int times = 40;
        loadAgain(10); // What libtorch keeps for good is there now.
        double before = ResidentMemory.bytes();

        loadAgain(times);

        assertThat(ResidentMemory.bytes() - before)
                .as("half of what the parameters of %d models take", times)
                .isLessThan(times * Files.size(archive) / 2.0);
    }

    private void loadAgain(int times) {
        for (int i = 0; i < times; i++) {
            assertThat(repository.load("unet").join()).isEmpty();
        }
        System.gc(); // Direct buffers of the sessions are freed with the objects that hold them.
    }

    @Test
    void aLeasedModelIsUnloadedWhenTheLeaseIsClosed() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        load();
        CompletableFuture<Void> unloading;
        try (ModelLease lease = repository.lease("seg", null)) {
            unloading = repository.unload("seg");
            while (lease.model().state() == ModelState.READY) {
                Thread.onSpinWait();
            }
            assertThat(answer(lease.model()).shape()).isEqualTo(TensorShape.of(3, 16, 16));
            assertThat(unloading).isNotDone();
        }
        unloading.join();
        assertThat(engine.openArrays()).isZero();
    }

    @Test
    void changesInTheFolderAreLoadedAfterTheSettleTime() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        load();
        repository.refresh().join();
        LoadedModel first = repository.find("seg", null);
        put("new", "1", MANIFEST, "group-norm-traced.pt");
        Files.writeString(folder.resolve("seg/model.yaml"), MANIFEST + "description: changed\n");

        repository.refresh().join();
        clock.addAndGet(LifecycleTimes.DEFAULT.settle().toNanos() - 1);
        repository.refresh().join();
        assertThat(repository.models()).as("may still be on its way").containsExactly(first);
        clock.addAndGet(1);
        repository.refresh().join();

        assertThat(repository.find("new", null).state()).isEqualTo(ModelState.READY);
        assertThat(repository.find("seg", null).manifest().description()).isEqualTo("changed");
        assertThat(first.state()).isEqualTo(ModelState.UNLOADED);
        LoadedModel second = repository.find("seg", null);
        Files.delete(folder.resolve("new/model.yaml"));
        repository.refresh().join();
        assertThat(repository.models()).as("may come back").hasSize(2);
        clock.addAndGet(LifecycleTimes.DEFAULT.settle().toNanos());
        repository.refresh().join();
        assertThat(repository.models()).as("gone, and the rest untouched").containsExactly(second);
    }

    @Test
    void aFolderThatIsAwayOrEmptyForAMomentUnloadsNothing() throws IOException {
        put("seg", "1", MANIFEST, "group-norm-traced.pt");
        Path away = folder.resolveSibling(folder.getFileName() + "-away");
        repository = repositoryOf(new FolderSources(folder));
        repository.start();
        repository.settled().join();
        LoadedModel model = repository.find("seg", null);
        long settle = LifecycleTimes.DEFAULT.settle().toNanos();

        Files.move(folder, away);
        for (int look = 0; look < 3; look++) {
            assertThatThrownBy(() -> repository.refresh().join()).hasMessageContaining("cannot be listed");
            assertThatThrownBy(() -> repository.load("seg").join()).hasMessageContaining("cannot be listed");
            clock.addAndGet(settle);
        }
        Files.createDirectory(folder); // Nothing is mounted yet.
        repository.refresh().join();
        clock.addAndGet(settle - 1);
        repository.refresh().join();
        Files.delete(folder);
        assertThatThrownBy(() -> repository.refresh().join()).hasMessageContaining("cannot be listed");
        clock.addAndGet(1);
        Files.createDirectory(folder);
        repository.refresh().join();
        assertThat(repository.models()).containsExactly(model);
        Files.delete(folder);
        Files.move(away, folder);
        repository.refresh().join();
        clock.addAndGet(settle);
        repository.refresh().join();

        assertThat(repository.models()).as("the same, not loaded again").containsExactly(model);
        assertThat(model.state()).isEqualTo(ModelState.READY);
        assertThat(changes).extracting(ModelStateChanged::state).containsExactly(ModelState.READY);
    }

    /** As Kubernetes updates a mounted ConfigMap: the folders of models are links through one link, which is replaced. */
    @Test
    void aReplacedLinkReplacesTheModelAndUnloadsNothing() throws IOException {
        Path mounted = Files.createDirectory(folder.resolve("mounted"));
        edition(mounted, "..first", MANIFEST);
        Files.createSymbolicLink(mounted.resolve("..data"), Path.of("..first"));
        Files.createSymbolicLink(mounted.resolve("seg"), Path.of("..data/seg"));
        repository = repositoryOf(new FolderSources(mounted));
        repository.start();
        repository.settled().join();
        assertThat(repository.models()).extracting(LoadedModel::name).containsExactly("seg");

        edition(mounted, "..second", MANIFEST + "description: second\n");
        Files.createSymbolicLink(mounted.resolve("..data_tmp"), Path.of("..second"));
        Files.move(
                mounted.resolve("..data_tmp"),
                mounted.resolve("..data"),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
        for (int look = 0; look < 2; look++) {
            repository.refresh().join();
            assertThat(repository.find("seg", null).state()).isEqualTo(ModelState.READY);
            clock.addAndGet(LifecycleTimes.DEFAULT.settle().toNanos());
        }

        assertThat(repository.models()).hasSize(1);
        assertThat(repository.find("seg", null).manifest().description()).isEqualTo("second");
    }

    private static void edition(Path mounted, String name, String manifest) throws IOException {
        Path model = Files.createDirectories(mounted.resolve(name).resolve("seg"));
        Files.writeString(model.resolve("model.yaml"), manifest);
        try (InputStream in = ModelRepositoryTest.class.getResourceAsStream("/engine/group-norm-traced.pt")) {
            Files.copy(in, Files.createDirectory(model.resolve("1")).resolve("model.pt"));
        }
    }

    private ModelRepository repositoryOf(ModelSources sources) {
        return new ModelRepository(
                engine, sources, batches::add, changes::add, List.of(), LifecycleTimes.DEFAULT, clock::get);
    }

    @Test
    void aFolderThatCannotBeReadUnloadsNoVersionOfItsModel() throws IOException {
        FakeSource listed = new FakeSource("seg").unreadable();
        put("seg", "3", MANIFEST, "group-norm-traced.pt");
        List<ModelSource> sources = new ArrayList<>(ModelFolder.list(folder));
        repository = new ModelRepository(
                engine, () -> sources, batches::add, changes::add, List.of(), LifecycleTimes.DEFAULT, clock::get);
        repository.start();
        repository.settled().join();

        sources.set(0, listed);
        for (int look = 0; look < 3; look++) {
            repository.refresh().join();
            clock.addAndGet(LifecycleTimes.DEFAULT.settle().toNanos());
        }

        assertThat(repository.models()).extracting(LoadedModel::version).containsExactly("3");
        assertThat(repository.find("seg", null).state()).isEqualTo(ModelState.READY);
    }

    @Test
    void aVersionThatDoesNotHoldByItsPlanIsReplacedByItselfAsExported() throws IOException {
        put("seg", "1", MANIFEST.replace("workers: 2", "workers: 2, plan: channels-last"), "group-norm-traced.pt");
        load();
        LoadedModel planned = repository.find("seg", null);
        assertThat(planned.plan()).isEqualTo(ExecutionPlan.CHANNELS_LAST);

        repository.runAsExported(planned, "layer a failed").join();
        LoadedModel exported = repository.find("seg", null);
        repository.runAsExported(exported, "layer b failed").join();
        repository
                .runAsExported(planned, "layer b failed, of one that was replaced")
                .join();

        assertThat(exported.plan()).isEqualTo(ExecutionPlan.AS_EXPORTED);
        assertThat(exported.planReason()).isEqualTo("not by the plan channels-last: layer a failed");
        assertThat(exported.state()).isEqualTo(ModelState.READY);
        assertThat(planned.state()).isEqualTo(ModelState.UNLOADED);
        assertThat(repository.find("seg", null)).as("loaded again once").isSameAs(exported);
    }

    @Test
    void changedFilesAreNotLoadedBecauseTheOldOnesDoNotHoldByTheirPlan() throws IOException {
        String manifest = MANIFEST.replace("workers: 2", "workers: 2, plan: channels-last");
        put("seg", "1", manifest, "group-norm-traced.pt");
        load();
        LoadedModel planned = repository.find("seg", null);
        put("seg", "1", manifest + "description: staged\n", "group-norm-traced.pt");

        repository.runAsExported(planned, "layer a failed").join();

        assertThat(repository.find("seg", null)).isSameAs(planned);
        assertThat(planned.state()).isEqualTo(ModelState.READY);
        assertThat(planned.plan()).isEqualTo(ExecutionPlan.CHANNELS_LAST);
    }

    private static Tensor answer(LoadedModel model) {
        return model.infer(image(), Deadline.none()).join().orElseThrow().first();
    }

    private void list() throws IOException {
        list(LifecycleTimes.DEFAULT);
    }

    private void list(LifecycleTimes times) throws IOException {
        repository = new ModelRepository(
                engine, new FolderSources(folder), batches::add, changes::add, List.of(), times, clock::get);
    }

    private void load() throws IOException {
        list();
        repository.start();
        repository.settled().join();
    }

    private String reason(String name) {
        LoadedModel model = repository.find(name, null);
        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        return model.reason();
    }

    private static Failure failure(LoadedModel model) {
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
                Files.copy(in, home.resolve("model.pt"), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
