package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.FakeBackend;
import dev.gnserve.backend.FakeBackend.Gate;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;

/** A model on a back end that waits and fails when the test says so. */
abstract class ModelFixture {

    static final Duration LONG = Duration.ofSeconds(30);
    static final Tensor INPUT = Tensor.of(new float[] {1, 2}, 2);

    final FakeBackend backend = new FakeBackend();
    final AtomicLong clock = new AtomicLong();
    final Engine engine = backend.engine(clock::get);
    final FakeSource source = new FakeSource("fake");
    final List<ModelStateChanged> changes = new CopyOnWriteArrayList<>();
    final List<String> events = new CopyOnWriteArrayList<>();
    final LoadedModel model = new LoadedModel(source, changes::add);
    final Set<Thread> threadsBefore = Thread.getAllStackTraces().keySet();

    /** After every test: all memory is free. */
    @AfterEach
    void everythingIsFreed() throws Exception {
        model.close(Duration.ZERO);
        eventually("every worker has ended", () -> workerThreads().isEmpty());
        assertThat(backend.openModels()).as("open models").isZero();
        assertThat(source.snapshots()).allSatisfy(ModelFixture::assertClosed);
        assertThat(engine.isIdle()).isTrue();
        engine.close();
        assertThat(backend.closes()).isEqualTo(1);
        assertThat(backend.violations()).isEmpty();
    }

    class Companion implements ModelCompanion {

        private final String name;
        private final AtomicBoolean ended = new AtomicBoolean();

        Companion(String name) {
            this.name = name;
        }

        @Override
        public void end() {
            if (ended.compareAndSet(false, true)) { // May be called twice.
                events.add(name + " ends");
            }
        }

        @Override
        public void close() {
            events.add(name + " is closed");
        }
    }

    void load(ModelCompanion.Factory... companions) {
        model.load(engine, List.of(companions), batch -> {}, 2, PlanChoice.KEPT);
    }

    ModelRepository repository(List<FakeSource> sources) {
        LifecycleTimes times = new LifecycleTimes(LONG, Duration.ofSeconds(2), Duration.ZERO);
        return new ModelRepository(engine, () -> sources, batch -> {}, changes::add, List.of(), times, clock::get);
    }

    static void start(ModelRepository repository) {
        repository.start();
        repository.settled().join();
    }

    Gate passesWait() {
        Gate gate = new Gate();
        backend.onPass((archive, inputs) -> {
            gate.pass();
            return FakeBackend.doubled(inputs);
        });
        return gate;
    }

    static float[] answer(LoadedModel model) {
        return model.infer(INPUT, Deadline.none()).join().orElseThrow().first().floats();
    }

    static Failure refusal(LoadedModel model) {
        return failure(model.infer(INPUT, Deadline.none()));
    }

    static Failure failure(CompletableFuture<Outcome<Prediction>> outcome) {
        return ((Outcome.Failed<Prediction>)
                        outcome.orTimeout(5, TimeUnit.MINUTES).join())
                .failure();
    }

    static RuntimeException fault(String detail) {
        return Failure.of(FailureCode.ENGINE_FAULT, detail).asException();
    }

    List<ModelState> states() {
        return statesOf("fake");
    }

    List<ModelState> statesOf(String name) {
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

    static void assertClosed(ArchiveSnapshot snapshot) {
        assertThatThrownBy(() -> snapshot.newInputStream().read()).isInstanceOf(IOException.class);
    }

    static void eventually(String what, BooleanSupplier condition) {
        long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > until) {
                throw new AssertionError("not in time: " + what);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }
}
