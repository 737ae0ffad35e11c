package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineCall;
import dev.gnserve.backend.FakeBackend;
import dev.gnserve.backend.FakeBackend.Gate;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A model from its loading to its end, on a back end that waits and fails when the test says so. */
@Timeout(120)
class LoadedModelTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Tensor INPUT = Tensor.of(new float[] {1, 2}, 2);

    private final FakeBackend backend = new FakeBackend();
    private final AtomicLong clock = new AtomicLong();
    private final Engine engine = backend.engine(clock::get);
    private final FakeSource source = new FakeSource("fake");
    private final List<ModelStateChanged> changes = new CopyOnWriteArrayList<>();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final LoadedModel model = new LoadedModel(source, changes::add);
    private final Set<Thread> threadsBefore = Thread.getAllStackTraces().keySet();

    /** Holds after every test, whatever failed in it. */
    @AfterEach
    void nothingIsLeft() throws Exception {
        model.close(Duration.ZERO);
        eventually("every worker has ended", () -> workerThreads().isEmpty());
        assertThat(backend.openModels()).as("open models").isZero();
        assertThat(source.snapshots()).allSatisfy(LoadedModelTest::assertClosed);
        assertThat(engine.isIdle()).isTrue();
        engine.close();
        assertThat(backend.closes()).isEqualTo(1);
        assertThat(backend.violations()).isEmpty();
    }

    @Test
    void aModelServesWhatItsBackEndComputes() {
        load();

        assertThat(model.state()).isEqualTo(ModelState.READY);
        assertThat(model.reason()).isNull();
        assertThat(model.loadTime()).isPositive();
        assertThat(model.device()).isEqualTo("cpu");
        assertThat(model.workers()).isEqualTo(1);
        assertThat(answer(model)).containsExactly(2, 4);
        assertThat(states()).containsExactly(ModelState.READY);
    }

    @Test
    void theArchiveIsReadOnceHoweverManyUseIt() throws IOException {
        List<String> read = new ArrayList<>();
        load(of -> {
            read.add(of.archive().sha256());
            return new Companion("verification");
        });
        read.add(model.archive().sha256());
        answer(model);

        assertThat(source.archivesOpened()).isEqualTo(1);
        assertThat(source.snapshots()).hasSize(1);
        assertThat(read).containsOnly(source.snapshots().get(0).sha256());
    }

    /** What can go wrong while a model loads. */
    private enum Fault {
        ARCHIVE_NOT_READABLE("IOException: no such disk") {
            @Override
            List<ModelCompanion.Factory> plant(LoadedModelTest test) {
                test.source.whenArchiveIsOpened(() -> {
                    throw new IOException("no such disk");
                });
                return List.of();
            }
        },
        MANIFEST_WITH_A_MISTAKE("line 5, tsak: unknown field") {
            @Override
            List<ModelCompanion.Factory> plant(LoadedModelTest test) {
                test.source.manifest(FakeSource.MANIFEST + "tsak: x\n");
                return List.of();
            }
        },
        LOAD("operator aten::dream is unknown") {
            @Override
            List<ModelCompanion.Factory> plant(LoadedModelTest test) {
                test.backend.onLoad(archive -> {
                    throw fault("operator aten::dream is unknown");
                });
                return List.of();
            }
        },
        SECOND_SESSION("no memory for another session") {
            @Override
            List<ModelCompanion.Factory> plant(LoadedModelTest test) {
                test.source.manifest(TWO_WORKERS);
                test.backend.onSession(archive -> {
                    if (test.backend.sessions() == 1) {
                        throw fault("no memory for another session");
                    }
                });
                return List.of();
            }
        },
        WARM_UP("does not suit the archive: a size of 2 is not supported") {
            @Override
            List<ModelCompanion.Factory> plant(LoadedModelTest test) {
                test.backend.onPass((archive, inputs) -> {
                    throw fault("a size of 2 is not supported");
                });
                return List.of();
            }
        },
        ERROR_IN_WARM_UP("OutOfMemoryError: no heap") {
            @Override
            List<ModelCompanion.Factory> plant(LoadedModelTest test) {
                test.backend.onPass((archive, inputs) -> {
                    throw new OutOfMemoryError("no heap");
                });
                return List.of();
            }
        },
        COMPANIONS_FACTORY("IllegalStateException: no room to verify") {
            @Override
            List<ModelCompanion.Factory> plant(LoadedModelTest test) {
                return List.of(of -> test.new Companion("first"), of -> {
                    throw new IllegalStateException("no room to verify");
                });
            }
        },
        COMPANIONS_OBJECTION("epsilon is 1e-3, expected is 1e-5") {
            @Override
            List<ModelCompanion.Factory> plant(LoadedModelTest test) {
                return List.of(of -> test.new Companion("first"), of -> test.new Companion("second") {
                    @Override
                    public String objection(Inference inference) {
                        assertThat(inference.infer(INPUT, Deadline.none()).join())
                                .isInstanceOf(Outcome.Success.class);
                        return "epsilon is 1e-3, expected is 1e-5";
                    }
                });
            }
        },
        OBJECTION_THAT_THROWS("IllegalStateException: cannot tell") {
            @Override
            List<ModelCompanion.Factory> plant(LoadedModelTest test) {
                return List.of(of -> test.new Companion("first") {
                    @Override
                    public String objection(Inference inference) {
                        throw new IllegalStateException("cannot tell");
                    }
                });
            }
        };

        private static final String TWO_WORKERS = FakeSource.MANIFEST.replace("workers: 1", "workers: 2");

        private final String reason;

        Fault(String reason) {
            this.reason = reason;
        }

        abstract List<ModelCompanion.Factory> plant(LoadedModelTest test);
    }

    @ParameterizedTest
    @EnumSource
    void aModelThatDoesNotLoadFreesEverythingAndSaysWhy(Fault fault) {
        List<ModelCompanion.Factory> factories = fault.plant(this);

        model.load(engine, factories, batch -> {}, 2);

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason()).contains(fault.reason);
        assertThat(states()).containsExactly(ModelState.FAILED);
        assertThat(changes.get(0).reason()).isEqualTo(model.reason());
        assertThat(refusal(model).code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThat(refusal(model).detail()).contains(fault.reason);
        assertThat(backend.openModels()).isZero();
        assertThat(backend.modelCloses()).isLessThanOrEqualTo(1);
        assertThat(source.snapshots()).allSatisfy(LoadedModelTest::assertClosed);
        for (String companion : List.of("first", "second")) {
            assertThat(events.stream().filter(event -> event.startsWith(companion)))
                    .as("what was made ends and is closed once")
                    .isIn(List.of(), List.of(companion + " ends", companion + " is closed"));
        }
    }

    @Test
    void resultsForTheWrongCountFailTheirRequestAndNoOther() {
        load();
        for (int count : new int[] {0, 2}) {
            backend.onPass((archive, inputs) ->
                    Collections.nCopies(count, FakeBackend.doubled(inputs).get(0)));
            assertThat(refusal(model).code()).isEqualTo(FailureCode.ENGINE_FAULT);
            assertThat(refusal(model).detail()).contains("gave " + count + " results for 1 inputs");
        }

        backend.onPass((archive, inputs) -> FakeBackend.doubled(inputs));
        assertThat(answer(model)).containsExactly(2, 4);
    }

    @Test
    void aPassThatFailsFailsItsRequestAndNoOther() {
        load();
        backend.onPass((archive, inputs) -> {
            throw fault("values above 100 are not supported");
        });
        assertThat(refusal(model).detail()).contains("values above 100");

        backend.onPass((archive, inputs) -> FakeBackend.doubled(inputs));
        assertThat(answer(model)).containsExactly(2, 4);
        assertThat(model.state()).isEqualTo(ModelState.READY);
    }

    @Test
    void keysOfAResultMayBeOptional() {
        load();
        backend.onPass((archive, inputs) -> inputs.stream()
                .map(input -> new Prediction(
                        input.floats()[0] < 0 ? Map.of("scores", input) : Map.of("scores", input, "boxes", input)))
                .toList());

        assertThat(prediction(Tensor.of(new float[] {1, 1}, 2)).outputs()).containsOnlyKeys("scores", "boxes");
        assertThat(prediction(Tensor.of(new float[] {-1, 1}, 2)).outputs()).containsOnlyKeys("scores");
    }

    @Test
    void closingFinishesWhatWasAcceptedAndRefusesTheRest() {
        load();
        Gate gate = passesWait();
        List<CompletableFuture<Outcome<Prediction>>> accepted = Stream.generate(
                        () -> model.infer(INPUT, Deadline.none()))
                .limit(5)
                .toList();
        gate.awaitReached();
        CompletableFuture<Boolean> closed = CompletableFuture.supplyAsync(() -> model.close(LONG));
        eventually("it refuses", () -> model.refusal(Deadline.none()) != null);

        assertThat(model.state()).isEqualTo(ModelState.UNLOADED);
        assertThat(refusal(model).code()).isEqualTo(FailureCode.SHUTTING_DOWN);
        gate.open();

        assertThat(closed.join()).isTrue();
        assertThat(accepted).allSatisfy(outcome -> assertThat(outcome.join()).isInstanceOf(Outcome.Success.class));
        assertThat(backend.openModels()).as("freed when close returns").isZero();
        assertThat(refusal(model).detail()).isEqualTo("model fake version 1 is unloaded");
        assertThat(states()).containsExactly(ModelState.READY, ModelState.UNLOADED);
    }

    @Test
    void aPassThatOutlivesTheDrainKeepsTheModelUntilItReturns() {
        load(of -> new Companion("companion"));
        backend.onModelClose(archive -> {
            events.add("model is closed");
            assertReadable(archive);
        });
        Gate gate = passesWait();
        CompletableFuture<Outcome<Prediction>> inside = model.infer(INPUT, Deadline.none());
        gate.awaitReached();
        CompletableFuture<Outcome<Prediction>> waiting = model.infer(INPUT, Deadline.none());

        assertThat(model.close(Duration.ofMillis(20))).isFalse();

        assertThat(failure(inside).code()).isEqualTo(FailureCode.SHUTTING_DOWN);
        assertThat(failure(waiting).code()).isEqualTo(FailureCode.SHUTTING_DOWN);
        assertThat(events).containsExactly("companion ends");
        assertThat(backend.openModels()).as("kept under the pass").isEqualTo(1);
        assertReadable(source.snapshots().get(0));
        assertThat(model.close(Duration.ZERO)).as("closing again").isFalse();
        engine.close();
        assertThat(backend.closes()).as("nor is the back end closed").isZero();

        gate.open();
        eventually("the back end is closed", () -> backend.closes() == 1);

        assertThat(events.stream().filter(event -> !event.endsWith("ends")))
                .containsExactly("companion is closed", "model is closed");
        assertThat(backend.modelCloses()).isEqualTo(1);
        assertClosed(source.snapshots().get(0));
    }

    @Test
    void closingAModelWhileItsArchiveLoadsFreesItAndItIsNeverReady() {
        Gate gate = new Gate();
        backend.onLoad(archive -> gate.pass());
        CompletableFuture<Void> loading = CompletableFuture.runAsync(() -> load());
        gate.awaitReached();

        assertThat(model.close(Duration.ofMillis(20))).isFalse();
        assertThat(model.state()).isEqualTo(ModelState.UNLOADED);
        gate.open();
        loading.join();

        assertThat(model.state()).isEqualTo(ModelState.UNLOADED);
        assertThat(states()).containsExactly(ModelState.UNLOADED);
        assertThat(backend.modelCloses()).isEqualTo(1);
        assertThat(backend.passes()).as("no warm-up for nothing").isZero();
    }

    @Test
    void closingAModelWhileItWarmsUpFreesItAndItIsNeverReady() {
        Gate gate = passesWait();
        CompletableFuture<Void> loading = CompletableFuture.runAsync(() -> load());
        gate.awaitReached();
        CompletableFuture<Boolean> closed = CompletableFuture.supplyAsync(() -> model.close(LONG));
        eventually("it closes", () -> model.state() == ModelState.UNLOADED);

        gate.open();

        closed.join();
        assertThat(backend.openModels()).as("freed when close returns").isZero();
        loading.join();
        assertThat(states()).containsExactly(ModelState.UNLOADED);
        assertThat(backend.modelCloses()).isEqualTo(1);
    }

    @Test
    void aModelThatIsClosedBeforeItLoadsNeverServes() {
        assertThat(model.close(LONG)).isTrue();

        load();

        assertThat(model.state()).isEqualTo(ModelState.UNLOADED);
        assertThat(states()).containsExactly(ModelState.UNLOADED);
    }

    @Test
    void aCompanionThatIsMadeWhileItsModelClosesEndsBeforeItIsClosed() {
        Gate gate = new Gate();
        backend.onLoad(archive -> gate.pass());
        CompletableFuture<Void> loading = CompletableFuture.runAsync(() -> load(of -> new Companion("late")));
        gate.awaitReached();
        assertThat(model.close(Duration.ZERO)).isFalse();

        gate.open();
        loading.join();

        assertThat(List.copyOf(events)).isIn(List.of(), List.of("late ends", "late is closed"));
    }

    @Test
    void closingWhileCompanionsAreMadeClosesThemAll() {
        Gate firstEnds = new Gate();
        Gate secondIsMade = new Gate();
        Gate thirdIsMade = new Gate();
        CompletableFuture<Void> loading = CompletableFuture.runAsync(() -> load(
                of -> new Companion("first") {
                    @Override
                    public void end() {
                        firstEnds.pass();
                        super.end();
                    }
                },
                of -> {
                    secondIsMade.pass();
                    return new Companion("second");
                },
                of -> {
                    thirdIsMade.pass();
                    return new Companion("third");
                }));
        secondIsMade.awaitReached();
        CompletableFuture<Boolean> closed = CompletableFuture.supplyAsync(() -> model.close(Duration.ofMillis(20)));
        firstEnds.awaitReached();
        secondIsMade.open();
        thirdIsMade.awaitReached();
        firstEnds.open();

        assertThat(closed.join()).as("one is still being made").isFalse();
        thirdIsMade.open();
        loading.join();

        for (String companion : List.of("first", "second", "third")) {
            List<String> own =
                    events.stream().filter(event -> event.startsWith(companion)).toList();
            assertThat(own).startsWith(companion + " ends").containsOnlyOnce(companion + " is closed");
        }
    }

    @Test
    void closingTwiceFreesOnce() {
        load(of -> new Companion("companion"));
        List<CompletableFuture<Boolean>> closings = Stream.generate(
                        () -> CompletableFuture.supplyAsync(() -> model.close(LONG)))
                .limit(4)
                .toList();

        closings.forEach(CompletableFuture::join);

        assertThat(model.close(LONG)).isTrue();
        assertThat(backend.modelCloses()).isEqualTo(1);
        assertThat(events).containsOnlyOnce("companion is closed");
        assertThat(states()).containsExactly(ModelState.READY, ModelState.UNLOADED);
    }

    @Test
    void aBackEndThatFailsToCloseAModelDoesNotKeepTheRest() {
        load(of -> new Companion("companion"));
        backend.onModelClose(archive -> {
            throw new IllegalStateException("the driver is gone");
        });

        closeWhateverIsThrown();

        assertThat(events).contains("companion is closed");
        assertClosed(source.snapshots().get(0));
        assertThat(backend.modelCloses()).isEqualTo(1);
    }

    @Test
    void aCompanionThatFailsToEndOrCloseDoesNotKeepTheRest() {
        load(
                of -> new Companion("first") {
                    @Override
                    public void end() {
                        super.end();
                        throw new IllegalStateException("does not end");
                    }

                    @Override
                    public void close() {
                        super.close();
                        throw new IllegalStateException("does not close");
                    }
                },
                of -> new Companion("second"));

        closeWhateverIsThrown();

        assertThat(events).contains("first ends", "second ends", "first is closed", "second is closed");
        assertThat(backend.modelCloses()).isEqualTo(1);
        assertClosed(source.snapshots().get(0));
    }

    @Test
    void aListenerThatFailsDoesNotStopAModel() {
        LoadedModel heard = new LoadedModel(source, change -> {
            throw new IllegalStateException("a listener that fails");
        });

        heard.load(engine, List.of(), batch -> {}, 2);

        assertThat(heard.state()).isEqualTo(ModelState.READY);
        assertThat(answer(heard)).containsExactly(2, 4);
        assertThat(heard.close(LONG)).isTrue();
        assertThat(backend.openModels()).isZero();
    }

    @Test
    void aPassThatHangsFailsItsRequestsAndItsModelAloneUntilItReturns() {
        FakeSource healthy = new FakeSource("healthy");
        ModelRepository repository = repository(List.of(source, healthy));
        start(repository);
        LoadedModel hung = repository.find("fake", null);
        Gate gate = new Gate();
        backend.onPass((archive, inputs) -> {
            if (archive.name().startsWith("fake/")) {
                gate.pass();
            }
            return FakeBackend.doubled(inputs);
        });
        CompletableFuture<Outcome<Prediction>> inside = hung.infer(INPUT, Deadline.none());
        gate.awaitReached();
        CompletableFuture<Outcome<Prediction>> waiting = hung.infer(INPUT, Deadline.none());
        repository.watch();
        pass(1);
        repository.watch();
        assertThat(hung.state()).as("not long yet").isEqualTo(ModelState.READY);
        assertThat(inside).isNotDone();

        pass(1);
        repository.watch();

        assertThat(failure(inside).code()).isEqualTo(FailureCode.ENGINE_FAULT);
        assertThat(failure(inside).detail())
                .isEqualTo("a forward pass of model fake version 1 has not returned for 2 s");
        assertThat(failure(waiting).code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThat(hung.state()).isEqualTo(ModelState.FAILED);
        assertThat(hung.reason()).contains("has not returned for 2 s", "the process has to be restarted");
        assertThat(refusal(hung).code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThat(repository.hanging()).hasSize(1);
        assertThat(answer(repository.find("healthy", null))).containsExactly(2, 4);
        pass(1);
        repository.watch();
        assertThat(hung.state()).as("as long as it is inside").isEqualTo(ModelState.FAILED);

        gate.open();
        eventually("it serves again", () -> {
            repository.watch();
            return hung.state() == ModelState.READY;
        });

        assertThat(hung.reason()).isNull();
        assertThat(repository.hanging()).isEmpty();
        assertThat(answer(hung)).containsExactly(2, 4);
        assertThat(statesOf("fake")).containsExactly(ModelState.READY, ModelState.FAILED, ModelState.READY);
        assertThat(statesOf("healthy")).containsExactly(ModelState.READY);
        repository.close(LONG);
    }

    @Test
    void aModelWhosePassHangsForGoodCanBeUnloadedAndItsThreadFreesItInTheEnd() {
        ModelRepository repository = repository(List.of(source));
        start(repository);
        LoadedModel hung = repository.find("fake", null);
        Gate gate = passesWait();
        CompletableFuture<Outcome<Prediction>> inside = hung.infer(INPUT, Deadline.none());
        gate.awaitReached();
        pass(2);
        repository.watch();
        assertThat(failure(inside).code()).isEqualTo(FailureCode.ENGINE_FAULT);

        repository.close(Duration.ofMillis(20));

        assertThat(hung.state()).isEqualTo(ModelState.UNLOADED);
        assertThat(backend.openModels()).isEqualTo(1);
        gate.open();
        eventually("it is freed", () -> backend.openModels() == 0 && engine.isIdle());
        repository.watch();
        assertThat(hung.state()).as("it does not come back").isEqualTo(ModelState.UNLOADED);
    }

    @Test
    void aReloadThatFailsKeepsAModelWhosePassIsLate() {
        ModelRepository repository = repository(List.of(source));
        start(repository);
        LoadedModel late = repository.find("fake", null);
        Gate gate = passesWait();
        CompletableFuture<Outcome<Prediction>> inside = late.infer(INPUT, Deadline.none());
        gate.awaitReached();
        pass(2);
        repository.watch();
        assertThat(failure(inside).code()).isEqualTo(FailureCode.ENGINE_FAULT);
        backend.onLoad(archive -> {
            throw fault("a broken archive");
        });

        assertThat(repository.load("fake").join()).containsEntry("1", "a broken archive");

        gate.open();
        eventually("it serves again", () -> {
            repository.watch();
            return late.state() == ModelState.READY;
        });
        assertThat(late.reason()).contains("the reload failed", "a broken archive");
        assertThat(repository.find("fake", null)).isSameAs(late);
        assertThat(answer(late)).containsExactly(2, 4);
        repository.close(LONG);
    }

    @Test
    void aModelThatLoadsWhileItsRepositoryClosesIsClosedToo() {
        ModelRepository repository = repository(List.of(source));
        start(repository);
        Gate loading = new Gate();
        backend.onLoad(archive -> loading.pass());
        CompletableFuture<Map<String, String>> reload = repository.load("fake");
        loading.awaitReached();

        repository.close(LONG);
        loading.open();

        assertThat(reload.join()).containsEntry("1", "it was closed while it loaded");
        assertThat(backend.openModels()).isZero();
        assertThat(repository.find("fake", null).state()).isEqualTo(ModelState.UNLOADED);
    }

    @Test
    void aLoadThatHangsIsSeenAndItsModelSaysSo() {
        Gate gate = new Gate();
        backend.onLoad(archive -> gate.pass());
        ModelRepository repository = repository(List.of(source));
        repository.start();
        gate.awaitReached();
        LoadedModel loading = repository.find("fake", null);
        repository.watch();
        assertThat(repository.hanging()).isEmpty();

        pass(2);
        repository.watch();

        assertThat(repository.hanging()).extracting(EngineCall::what).containsExactly("loading fake/1/model.pt");
        assertThat(loading.state()).isEqualTo(ModelState.LOADING);
        assertThat(loading.reason()).contains("loading fake/1/model.pt has not returned for 2 s");
        assertThat(changes).isEmpty();
        gate.open();
        repository.settled().join();

        assertThat(loading.state()).isEqualTo(ModelState.READY);
        assertThat(loading.reason()).isNull();
        assertThat(repository.hanging()).isEmpty();
        repository.close(LONG);
    }

    @Test
    void aWarmUpThatHangsIsSeenAndItsModelSaysSo() {
        Gate gate = passesWait();
        ModelRepository repository = repository(List.of(source));
        repository.start();
        gate.awaitReached();
        LoadedModel warming = repository.find("fake", null);

        pass(2);
        repository.watch();

        assertThat(repository.hanging()).hasSize(1);
        assertThat(warming.reason()).contains("a forward pass of model fake version 1 has not returned for 2 s");
        assertThat(warming.state()).isEqualTo(ModelState.LOADING);
        gate.open();
        repository.settled().join();
        assertThat(warming.state()).isEqualTo(ModelState.READY);
        assertThat(warming.reason()).isNull();
        repository.close(LONG);
    }

    @Test
    void aReplacedModelStaysReadyForThoseWhoHoldALease() {
        ModelRepository repository = repository(List.of(source));
        start(repository);
        CompletableFuture<Map<String, String>> reload;
        LoadedModel old;
        try (ModelLease lease = repository.lease("fake", null)) {
            old = lease.model();
            reload = repository.load("fake");
            eventually("another takes its place", () -> repository.find("fake", null) != old);
            assertThat(old.state()).isEqualTo(ModelState.READY);
            assertThat(answer(old)).containsExactly(2, 4);
            assertThat(answer(repository.find("fake", null))).containsExactly(2, 4);
            assertThat(backend.openModels()).as("old and new").isEqualTo(2);
            assertThat(reload).isNotDone();
        }

        assertThat(reload.join()).isEmpty();
        assertThat(old.state()).isEqualTo(ModelState.UNLOADED);
        assertThat(backend.openModels()).isEqualTo(1);
        assertThat(source.archivesOpened()).as("once per load").isEqualTo(2);
        assertThat(states())
                .as("no client sees the version go away")
                .containsExactly(ModelState.READY, ModelState.READY);
        repository.close(LONG);
    }

    @Test
    void filesThatChangeWhileTheArchiveIsReadAreRefused() {
        source.whenArchiveIsOpened(source::change);

        load();

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason()).contains("model fake version 1 changed while they were read");
        assertThat(backend.loads()).isZero();
    }

    /** The manifest belongs to the archive that lay beside it. */
    @Test
    void aManifestThatChangesAfterTheArchiveWasReadIsRefused() {
        source.whenManifestIsRead(() -> {
            source.manifest(FakeSource.MANIFEST + "description: of a newer archive\n");
            source.change();
        });

        load();

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason()).contains("changed while");
        assertThat(backend.loads()).isZero();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void filesThatCannotBeComparedAfterTheReadingLeaveNoPrivateFileOpen() throws IOException {
        long before = openPrivateFiles();
        source.whenArchiveIsOpened(() -> source.whenFingerprintIsTaken(() -> {
            throw new IOException("the folder is gone");
        }));

        load();

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason()).contains("changed while they were read");
        assertThat(openPrivateFiles()).isEqualTo(before);
    }

    private class Companion implements ModelCompanion {

        private final String name;
        private final AtomicBoolean ended = new AtomicBoolean();

        Companion(String name) {
            this.name = name;
        }

        @Override
        public void end() {
            if (ended.compareAndSet(false, true)) { // It may be told so again.
                events.add(name + " ends");
            }
        }

        @Override
        public void close() {
            events.add(name + " is closed");
        }
    }

    private void load(ModelCompanion.Factory... companions) {
        model.load(engine, List.of(companions), batch -> {}, 2);
    }

    private ModelRepository repository(List<FakeSource> sources) {
        LifecycleTimes times = new LifecycleTimes(LONG, Duration.ofSeconds(2), Duration.ZERO);
        return new ModelRepository(engine, () -> sources, batch -> {}, changes::add, List.of(), times, clock::get);
    }

    private static void start(ModelRepository repository) {
        repository.start();
        repository.settled().join();
    }

    private void closeWhateverIsThrown() {
        try {
            model.close(LONG);
        } catch (IllegalStateException e) {
            events.add("thrown: " + e.getMessage());
        }
    }

    private Gate passesWait() {
        Gate gate = new Gate();
        backend.onPass((archive, inputs) -> {
            gate.pass();
            return FakeBackend.doubled(inputs);
        });
        return gate;
    }

    private void pass(int seconds) {
        clock.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    private Prediction prediction(Tensor input) {
        return model.infer(input, Deadline.none()).join().orElseThrow();
    }

    private static float[] answer(LoadedModel model) {
        return model.infer(INPUT, Deadline.none()).join().orElseThrow().first().floats();
    }

    private static Failure refusal(LoadedModel model) {
        return failure(model.infer(INPUT, Deadline.none()));
    }

    private static Failure failure(CompletableFuture<Outcome<Prediction>> outcome) {
        return ((Outcome.Failed<Prediction>)
                        outcome.orTimeout(30, TimeUnit.SECONDS).join())
                .failure();
    }

    private static RuntimeException fault(String detail) {
        return Failure.of(FailureCode.ENGINE_FAULT, detail).asException();
    }

    private List<ModelState> states() {
        return statesOf("fake");
    }

    private List<ModelState> statesOf(String name) {
        return changes.stream()
                .filter(change -> change.model().equals(name))
                .map(ModelStateChanged::state)
                .toList();
    }

    private List<String> workerThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !threadsBefore.contains(thread))
                .map(Thread::getName)
                .filter(name -> name.startsWith("engine-fake-") || name.startsWith("engine-healthy-"))
                .toList();
    }

    private static void assertReadable(ArchiveSnapshot snapshot) {
        try {
            assertThat(snapshot.newInputStream().readAllBytes()).containsExactly(1, 2, 3);
        } catch (IOException e) {
            throw new AssertionError("the snapshot is closed too early", e);
        }
    }

    private static void assertClosed(ArchiveSnapshot snapshot) {
        assertThatThrownBy(() -> snapshot.newInputStream().read()).isInstanceOf(IOException.class);
    }

    /** They have no name, but the system knows the one that they had. */
    private static long openPrivateFiles() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(LoadedModelTest::isPrivateFile).count();
        }
    }

    private static boolean isPrivateFile(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().contains("/gnserve-");
        } catch (IOException e) {
            return false; // Closed meanwhile.
        }
    }

    private static void eventually(String what, BooleanSupplier condition) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > until) {
                throw new AssertionError("not in time: " + what);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }
}
