package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.EngineCall;
import dev.gnserve.backend.FakeBackend;
import dev.gnserve.backend.FakeBackend.Gate;
import dev.gnserve.backend.Prediction;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A call into the engine that hangs is reported, and its model serves again when the call returns. */
class HangingModelTest extends ModelFixture {

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
        assertThat(hung.reason()).contains("has not returned for 2 s", "restart the process");
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
    void aModelWhosePassHangsCanBeUnloadedAndThePassFreesItWhenItReturns() {
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
    void aLoadThatHangsIsReportedAndShownAsTheReason() {
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
    void aWarmUpThatHangsIsReportedAndShownAsTheReason() {
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

    private void pass(int seconds) {
        clock.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }
}
