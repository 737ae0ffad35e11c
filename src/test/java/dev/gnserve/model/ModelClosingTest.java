package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.FakeBackend.Gate;
import dev.gnserve.backend.Prediction;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.failure.FailureCode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Closing a model finishes its accepted requests and frees everything once, whenever it comes and whatever fails. */
class ModelClosingTest extends ModelFixture {

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
    void aPassThatTakesLongerThanTheDrainKeepsTheModelUntilItReturns() {
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

        closeAndRecordExceptions();

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

        closeAndRecordExceptions();

        assertThat(events).contains("first ends", "second ends", "first is closed", "second is closed");
        assertThat(backend.modelCloses()).isEqualTo(1);
        assertClosed(source.snapshots().get(0));
    }

    @Test
    void aModelThatLoadsWhileItsRepositoryClosesIsAlsoClosed() {
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
    void aReplacedModelStaysReadyForRequestsThatHoldALease() {
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

    private void closeAndRecordExceptions() {
        try {
            model.close(LONG);
        } catch (IllegalStateException e) {
            events.add("thrown: " + e.getMessage());
        }
    }

    private static void assertReadable(ArchiveSnapshot snapshot) {
        try {
            assertThat(snapshot.newInputStream().readAllBytes()).containsExactly(1, 2, 3);
        } catch (IOException e) {
            throw new AssertionError("the snapshot is closed too early", e);
        }
    }
}
