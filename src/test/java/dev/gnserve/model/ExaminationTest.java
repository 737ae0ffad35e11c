package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.FakeBackend;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Models whose archives are judged before they are loaded: the others do not wait for that. */
class ExaminationTest {

    /** Judges when the test says so. */
    private static final class HeldTrial implements ArchiveTrial {

        private final Map<String, CompletableFuture<Void>> verdicts = new ConcurrentHashMap<>();
        private final Map<String, Consumer<String>> postponements = new ConcurrentHashMap<>();
        private final List<String> judged = new CopyOnWriteArrayList<>();

        @Override
        public CompletableFuture<Void> judge(
                ModelSource source, ArchiveSnapshot archive, Consumer<String> whenPostponed) {
            postponements.put(source.name(), whenPostponed);
            judged.add(source.name());
            return of(source.name());
        }

        CompletableFuture<Void> of(String model) {
            return verdicts.computeIfAbsent(model, any -> new CompletableFuture<>());
        }

        void pass(String model) {
            of(model).complete(null);
        }

        void refuse(String model, String why) {
            of(model)
                    .completeExceptionally(
                            Failure.of(FailureCode.MODEL_UNAVAILABLE, why).asException());
        }
    }

    private static final Duration DRAIN = Duration.ofSeconds(20);

    private final FakeBackend backend = new FakeBackend();
    private final AtomicLong clock = new AtomicLong();
    private final Engine engine = backend.engine(clock::get);
    private final HeldTrial trial = new HeldTrial();
    private final FakeSource bad = new FakeSource("bad");
    private final FakeSource good = new FakeSource("good");
    private volatile List<FakeSource> sources = List.of(bad, good);
    private final ModelRepository repository = new ModelRepository(
            engine,
            () -> sources,
            batch -> {},
            change -> {},
            List.of(),
            new LifecycleTimes(DRAIN, Duration.ofMinutes(2), Duration.ZERO),
            clock::get,
            trial,
            PlanChoice.KEPT);

    @AfterEach
    void nothingIsLeft() throws Exception {
        repository.close(DRAIN);
        trial.verdicts.values().forEach(verdict -> verdict.complete(null));
        eventually(() -> backend.openModels() == 0);
        eventually(() -> engine.isIdle());
        engine.close();
        assertThat(backend.violations()).isEmpty();
        for (FakeSource source : List.of(bad, good)) {
            for (ArchiveSnapshot snapshot : source.snapshots()) {
                eventually(() -> isClosed(snapshot));
            }
        }
    }

    @Test
    void aModelServesWhileTheArchiveOfAnotherIsJudged() {
        repository.start();
        awaitJudged("bad", "good");

        trial.pass("good");

        eventually(() -> state("good") == ModelState.READY);
        assertThat(state("bad")).isEqualTo(ModelState.LOADING);
        assertThat(backend.loads()).as("only what was judged").isEqualTo(1);
        assertThat(repository.settled()).isNotDone();
        trial.refuse("bad", "it loops");
        repository.settled().join();
        assertThat(state("bad")).isEqualTo(ModelState.FAILED);
        assertThat(repository.find("bad", null).reason()).isEqualTo("it loops");
        assertThat(bad.archivesOpened()).isEqualTo(1);
    }

    @Test
    void aTrialThatGoesOnLaterDoesNotKeepTheServiceFromBeingReady() {
        repository.start();
        awaitJudged("bad", "good");
        trial.pass("good");

        trial.postponements.get("bad").accept("its trial takes long");

        repository.settled().join();
        LoadedModel later = repository.find("bad", null);
        assertThat(later.state()).isEqualTo(ModelState.LOADING);
        assertThat(later.reason()).isEqualTo("its trial takes long");
        trial.pass("bad");
        eventually(() -> state("bad") == ModelState.READY);
        assertThat(later.reason()).isNull();
    }

    @Test
    void theArchiveThatWasJudgedIsTheOneThatIsLoaded() {
        repository.start();
        awaitJudged("good");
        trial.pass("good");
        eventually(() -> state("good") == ModelState.READY);

        assertThat(good.archivesOpened()).isEqualTo(1);
        assertThat(repository.find("good", null).archive())
                .isSameAs(good.snapshots().get(0));
    }

    @Test
    void filesThatChangeWhileTheyAreJudgedAreNotServed() {
        repository.start();
        awaitJudged("good");
        good.change();
        trial.pass("good");

        eventually(() -> state("good") == ModelState.FAILED);
        assertThat(repository.find("good", null).reason()).contains("changed while they were read");
    }

    @Test
    void aModelThatServesGoesOnWhileItsSuccessorIsJudged() {
        CompletableFuture<Map<String, String>> reload = reloading();

        assertThat(state("good")).isEqualTo(ModelState.READY);
        assertThat(repository.load("other")).failsWithin(DRAIN);
        trial.refuse("good", "it crashes");

        assertThat(reload.join()).containsEntry("1", "it crashes");
        assertThat(state("good")).isEqualTo(ModelState.READY);
        assertThat(repository.find("good", null).reason()).contains("the reload failed: it crashes");
    }

    @Test
    void whatIsUnloadedWhileItsSuccessorIsJudgedStaysUnloaded() {
        CompletableFuture<Map<String, String>> reload = reloading();

        repository.unload("good").join();
        trial.pass("good");

        assertThat(reload.join()).containsKey("1");
        assertThat(state("good")).isEqualTo(ModelState.UNLOADED);
        assertThat(backend.openModels()).isZero();
    }

    @Test
    void loadsOfOneModelComeOneAfterTheOther() {
        CompletableFuture<Map<String, String>> first = reloading();
        CompletableFuture<Map<String, String>> second = repository.load("good");
        repository.refresh().join();

        assertThat(good.archivesOpened())
                .as("the second waits, and the look at the folder leaves it")
                .isEqualTo(2);
        trial.pass("good");
        assertThat(first.join()).isEmpty();
        assertThat(second.join()).isEmpty();
        assertThat(good.archivesOpened()).isEqualTo(3);
        assertThat(state("good")).isEqualTo(ModelState.READY);
        assertThat(backend.openModels()).isEqualTo(1);
    }

    @Test
    void aModelWhoseFilesAreGoneIsDroppedWhileItIsJudged() {
        repository.start();
        awaitJudged("bad");
        sources = List.of(good);

        repository.refresh().join();

        assertThatThrownBy(() -> repository.find("bad", null)).hasMessageContaining("there is no model \"bad\"");
        eventually(() -> isClosed(bad.snapshots().get(0)));
    }

    @Test
    void closingDoesNotWaitForAJudgement() {
        repository.start();
        awaitJudged("bad", "good");
        long before = System.nanoTime();

        repository.close(DRAIN);

        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(DRAIN);
        assertThat(state("good")).isEqualTo(ModelState.UNLOADED);
        trial.pass("good");
        assertThat(backend.loads()).isZero();
    }

    /** A network disk that does not answer, for example. */
    @Test
    void anArchiveThatCannotBeReadHoldsUpNoOtherModelAndNotTheEnd() throws Exception {
        CountDownLatch disk = new CountDownLatch(1);
        bad.whenArchiveIsOpened(() -> {
            try {
                disk.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        });
        try {
            repository.start();
            awaitJudged("good");
            trial.pass("good");
            eventually(() -> state("good") == ModelState.READY);
            assertThat(repository.load("good").join()).isEmpty();
            assertThat(repository.hanging()).as("no fault of the engine").isEmpty();

            repository.close(Duration.ofMillis(50));

            assertThat(state("good")).isEqualTo(ModelState.UNLOADED);
            assertThat(engine.isIdle())
                    .as("the process ends without destructors")
                    .isFalse();
        } finally {
            disk.countDown();
        }
    }

    /** Starts, and loads the good model once more: it serves, and its successor is being judged. */
    private CompletableFuture<Map<String, String>> reloading() {
        trial.pass("good");
        repository.start();
        eventually(() -> state("good") == ModelState.READY);
        trial.verdicts.remove("good");
        trial.judged.clear();
        CompletableFuture<Map<String, String>> reload = repository.load("good");
        awaitJudged("good");
        return reload;
    }

    private ModelState state(String model) {
        return repository.find(model, null).state();
    }

    private void awaitJudged(String... models) {
        eventually(() -> trial.judged.containsAll(List.of(models)));
    }

    private static boolean isClosed(ArchiveSnapshot snapshot) {
        try (var in = snapshot.newInputStream()) {
            return in.read() < 0;
        } catch (IOException e) {
            return true;
        }
    }

    private static void eventually(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }
}
