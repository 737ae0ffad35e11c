package dev.gnserve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.FakeBackend.Gate;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The register of calls, on a back end and a clock that the test controls. */
@Timeout(60)
class EngineTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final List<Tensor> INPUTS = List.of(Tensor.of(new float[] {1}, 1));

    private final AtomicLong clock = new AtomicLong();
    private final FakeBackend backend = new FakeBackend();
    private final Engine engine = backend.engine(clock::get);
    private final EngineScope scope = engine.scope("model x version 1");
    private final AtomicInteger freed = new AtomicInteger();
    private ArchiveSnapshot archive;

    @BeforeEach
    void readArchive() throws IOException {
        archive = ArchiveSnapshot.read(new ByteArrayInputStream(new byte[] {1}), "x/1/model.pt");
    }

    @AfterEach
    void nothingWasFreedUnderACall() {
        archive.close();
        assertThat(backend.violations()).isEmpty();
    }

    @Test
    void aCallAgesWithEachLookOfTheWatchdog() {
        BackendModel model = scope.load(archive, BackendPlan.CPU);
        pass(1);
        engine.ageCalls();
        Gate gate = passesWait();
        CompletableFuture<Void> first = inThread(() -> model.newSession().run(INPUTS));
        gate.awaitReached();

        clock.addAndGet(seconds(1));
        assertThat(engine.overdue(Duration.ofNanos(1))).as("no look yet").isEmpty();
        engine.ageCalls();

        assertThat(engine.overdue(Duration.ofSeconds(1))).singleElement().satisfies(call -> {
            assertThat(call.age()).isEqualTo(Duration.ofSeconds(1));
            assertThat(call.what()).isEqualTo("a forward pass of model x version 1");
            assertThat(call.thread().getName()).isEqualTo("caller");
        });
        assertThat(engine.overdue(Duration.ofNanos(seconds(1) + 1))).isEmpty();
        pass(1);
        engine.ageCalls();
        assertThat(scope.overdue(Duration.ofSeconds(2))).hasSize(1);
        gate.open();
        first.join();
        pass(1);
        engine.ageCalls();
        assertThat(engine.overdue(Duration.ZERO)).as("it has returned").isEmpty();

        Gate next = passesWait();
        CompletableFuture<Void> second = inThread(() -> model.newSession().run(INPUTS));
        next.awaitReached();
        assertThat(engine.overdue(Duration.ZERO))
                .singleElement()
                .satisfies(call -> assertThat(call.age()).as("a new call").isZero());
        next.open();
        second.join();
    }

    @Test
    void aCallAgesFromItsEntryAndNotFromTheLookBeforeIt() {
        engine.ageCalls();
        pass(4);
        Gate gate = new Gate();
        CompletableFuture<Void> call = inThread(() -> scope.call("work", waitAt(gate)));
        gate.awaitReached();

        engine.ageCalls();

        assertThat(age()).isZero();
        gate.open();
        call.join();
    }

    @Test
    void theEngineIsNotIdleWhileItsBackEndIsFreed() {
        Gate gate = new Gate();
        backend.onClose(gate::pass);
        CompletableFuture<Void> closing = inThread(engine::close);
        gate.awaitReached();

        assertThat(engine.isIdle()).isFalse();

        gate.open();
        closing.join();
        assertThat(engine.isIdle()).isTrue();
    }

    @Test
    void aGapInWhichTheProcessDidNotRunCountsAsFiveSeconds() {
        Gate gate = new Gate();
        CompletableFuture<Void> call = inThread(() -> scope.call("work", waitAt(gate)));
        gate.awaitReached();

        pass(3600);
        engine.ageCalls();
        assertThat(age()).isEqualTo(Duration.ofSeconds(5));
        pass(4);
        engine.ageCalls();
        assertThat(age()).as("a step below five seconds").isEqualTo(Duration.ofSeconds(9));

        gate.open();
        call.join();
    }

    @Test
    void loadingPassesAndVerificationAreWatchedAndHeldWorkIsNot() {
        Gate loading = new Gate();
        backend.onLoad(any -> loading.pass());
        CompletableFuture<Void> load = inThread(() -> scope.load(archive, BackendPlan.CPU));
        loading.awaitReached();
        assertThat(overdue()).containsExactly("loading x/1/model.pt");
        loading.open();
        load.join();

        BackendModel model = scope.load(archive, BackendPlan.CPU);
        for (ThrowingCallable verification : List.<ThrowingCallable>of(
                () -> model.newTappedSession(true).run(INPUTS.get(0), 1, any -> {}),
                () -> model.newTappedSession(false).predict(List.of(Tensor.of(new float[] {1}, 1))))) {
            Gate gate = passesWait();
            CompletableFuture<Void> call = inThread(verification);
            gate.awaitReached();
            assertThat(overdue()).containsExactly("a verification of model x version 1");
            gate.open();
            call.join();
        }

        Gate held = new Gate();
        CompletableFuture<Void> holding = inThread(() -> scope.hold("long work", waitAt(held)));
        held.awaitReached();
        assertThat(overdue()).isEmpty();
        assertThat(scope.isIdle()).as("but nothing is freed").isFalse();
        held.open();
        holding.join();
        assertThat(engine.isIdle()).isTrue();
    }

    @Test
    void aClosedScopeRefusesEveryCall() {
        BackendModel model = scope.load(archive, BackendPlan.CPU);
        BackendSession session = model.newSession();
        assertThat(scope.close(Duration.ZERO, freeing(model))).isTrue();

        assertRefused(FailureCode.MODEL_UNAVAILABLE, () -> session.run(INPUTS));
        assertRefused(FailureCode.MODEL_UNAVAILABLE, () -> scope.load(archive, BackendPlan.CPU));
        assertRefused(FailureCode.MODEL_UNAVAILABLE, () -> scope.hold("work", () -> 1));
        assertThat(backend.loads()).isEqualTo(1);
        assertThat(backend.passes()).isZero();
        assertThat(engine.isIdle()).as("after refused calls").isTrue();
        assertThat(engine.scope("model y").<Integer, RuntimeException>call("work", () -> 1))
                .as("other scopes go on")
                .isEqualTo(1);
    }

    @Test
    void anIdleScopeFreesAtOnceOnTheThreadThatCloses() {
        AtomicReference<Thread> by = new AtomicReference<>();

        assertThat(scope.close(Duration.ZERO, () -> by.set(Thread.currentThread())))
                .isTrue();

        assertThat(by).hasValue(Thread.currentThread());
    }

    @Test
    void closingWaitsForTheCallInsideAndThenFrees() {
        BackendModel model = scope.load(archive, BackendPlan.CPU);
        Gate gate = passesWait();
        CompletableFuture<Void> call = inThread(() -> model.newSession().run(INPUTS));
        gate.awaitReached();
        CompletableFuture<Boolean> closed = CompletableFuture.supplyAsync(() -> scope.close(LONG, freeing(model)));
        awaitRefusal();

        assertThat(freed).hasValue(0);
        assertThat(closed).isNotDone();
        gate.open();

        assertThat(closed.join()).isTrue();
        call.join();
        assertThat(freed).hasValue(1);
        assertThat(backend.openModels()).isZero();
    }

    /** An unload reports memory as free when close returns. */
    @Test
    void closingReturnsAfterTheMemoryIsFreed() {
        Gate gate = new Gate();
        CompletableFuture<Void> call = inThread(() -> scope.call("work", waitAt(gate)));
        gate.awaitReached();
        Gate freeing = new Gate();
        CompletableFuture<Boolean> closed = CompletableFuture.supplyAsync(() -> scope.close(LONG, freeing::pass));
        awaitRefusal();

        gate.open();
        freeing.awaitReached();
        assertThat(scope.close(Duration.ZERO, () -> {}))
                .as("closed again while it is freed")
                .isFalse();
        assertThatThrownBy(() -> closed.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);

        freeing.open();
        assertThat(closed.join()).isTrue();
        assertThat(scope.close(Duration.ZERO, () -> {})).isTrue();
        call.join();
    }

    @Test
    void aCallThatReturnsAfterTheCloseFreesOnItsThread() {
        BackendModel model = scope.load(archive, BackendPlan.CPU);
        AtomicReference<String> by = new AtomicReference<>();
        List<Gate> gates = List.of(new Gate(), new Gate());
        List<CompletableFuture<Void>> calls = new ArrayList<>();
        for (Gate gate : gates) {
            calls.add(inThread(() -> scope.call("work", waitAt(gate))));
            gate.awaitReached();
        }

        assertThat(scope.close(Duration.ofMillis(1), () -> {
                    by.set(Thread.currentThread().getName());
                    freeing(model).run();
                }))
                .isFalse();
        gates.get(0).open();
        calls.get(0).join();
        assertThat(freed).as("one is still inside").hasValue(0);
        assertThat(scope.close(Duration.ZERO, freed::incrementAndGet))
                .as("closing again does not free under the call")
                .isFalse();
        gates.get(1).open();
        calls.get(1).join();

        assertThat(freed).hasValue(1);
        assertThat(by).hasValue("caller");
        assertThat(scope.close(Duration.ZERO, freed::incrementAndGet)).isTrue();
        assertThat(freed).as("once, however often it is closed").hasValue(1);
    }

    @Test
    void aFailingCallIsRemovedFromTheRegister() {
        BackendModel model = scope.load(archive, BackendPlan.CPU);
        backend.onPass((any, inputs) -> {
            throw new IllegalStateException("broken");
        });

        assertThatThrownBy(() -> model.newSession().run(INPUTS)).hasMessage("broken");

        assertThat(engine.isIdle()).isTrue();
        assertThat(scope.close(Duration.ZERO, freeing(model))).isTrue();
        assertThat(freed).hasValue(1);
    }

    @Test
    void anInterruptEndsTheWaitOfACloseAndTheMemoryIsStillFreed() {
        Gate gate = new Gate();
        CompletableFuture<Void> call = inThread(() -> scope.call("work", waitAt(gate)));
        gate.awaitReached();

        Thread.currentThread().interrupt();
        assertThat(scope.close(LONG, freed::incrementAndGet)).isFalse();
        assertThat(Thread.interrupted()).as("still interrupted").isTrue();
        assertThat(freed).hasValue(0);
        gate.open();
        call.join();

        assertThat(freed).hasValue(1);
    }

    @Test
    void theBackEndIsFreedAfterAllCallsAndAllScopes() {
        BackendModel model = scope.load(archive, BackendPlan.CPU);
        Gate gate = passesWait();
        CompletableFuture<Void> call = inThread(() -> model.newSession().run(INPUTS));
        gate.awaitReached();
        Gate freeing = new Gate();
        assertThat(scope.close(Duration.ZERO, () -> {
                    freeing.pass();
                    model.close();
                }))
                .isFalse();

        engine.close();
        assertThat(backend.closes()).as("a call is inside").isZero();
        gate.open();
        freeing.awaitReached();
        assertThat(backend.closes()).as("the model is being freed").isZero();
        freeing.open();
        call.join();

        assertThat(backend.closes()).isEqualTo(1);
        assertThat(backend.openModels()).isZero();
        engine.close();
        assertThat(backend.closes()).as("once").isEqualTo(1);
    }

    @Test
    void aFailingFreeDoesNotKeepTheBackEndLoaded() {
        Gate gate = new Gate();
        CompletableFuture<Void> call = inThread(() -> scope.call("work", waitAt(gate)));
        gate.awaitReached();
        assertThat(scope.close(Duration.ZERO, () -> {
                    throw new IllegalStateException("does not close");
                }))
                .isFalse();
        engine.close();

        gate.open();

        assertThatThrownBy(call::join).hasRootCauseMessage("does not close");
        assertThat(backend.closes()).isEqualTo(1);
    }

    @Test
    void aClosedEngineRefusesEveryCall() {
        BackendSession session = scope.load(archive, BackendPlan.CPU).newSession();
        engine.close();

        assertRefused(FailureCode.SHUTTING_DOWN, () -> scope.load(archive, BackendPlan.CPU));
        assertRefused(FailureCode.SHUTTING_DOWN, () -> session.run(INPUTS));
        assertThat(backend.loads()).isEqualTo(1);
        assertThat(backend.closes()).isEqualTo(1);
    }

    @Test
    void anEngineSaysWhatItsBackEndIs() {
        assertThat(engine.describe()).isEqualTo(new BackendDescription("fake", "cpu", 1));
        assertThat(engine.openArrays()).isZero();
    }

    private Runnable freeing(BackendModel model) {
        return () -> {
            model.close();
            freed.incrementAndGet();
        };
    }

    private Gate passesWait() {
        Gate gate = new Gate();
        backend.onPass((any, inputs) -> {
            gate.pass();
            return FakeBackend.doubled(inputs);
        });
        return gate;
    }

    private static EngineScope.Work<Integer, RuntimeException> waitAt(Gate gate) {
        return () -> {
            gate.pass();
            return 1;
        };
    }

    /** Waits until the scope is closed. */
    private void awaitRefusal() {
        while (true) {
            try {
                scope.call("a try", () -> 1);
                Thread.onSpinWait();
            } catch (FailureException e) {
                return;
            }
        }
    }

    private List<String> overdue() {
        return engine.overdue(Duration.ZERO).stream().map(EngineCall::what).toList();
    }

    private Duration age() {
        return engine.overdue(Duration.ZERO).get(0).age();
    }

    private void pass(int seconds) {
        clock.addAndGet(seconds(seconds));
    }

    private static long seconds(int count) {
        return TimeUnit.SECONDS.toNanos(count);
    }

    private static void assertRefused(FailureCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        FailureException.class,
                        e -> assertThat(e.failure().code()).isEqualTo(code));
    }

    private static CompletableFuture<Void> inThread(ThrowingCallable work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        work.call();
                        done.complete(null);
                    } catch (Throwable e) {
                        done.completeExceptionally(e);
                    }
                },
                "caller");
        thread.setDaemon(true);
        thread.start();
        return done;
    }
}
