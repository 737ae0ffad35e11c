package dev.gnserve.model;

import static java.lang.System.Logger.Level.ERROR;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.EngineCall;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.TensorGroup;
import dev.gnserve.batching.BatchListener;
import dev.gnserve.batching.Batcher;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a {@link LoadedModel}: the snapshot of its archive, the engine's copy, the companions, and the batcher with its workers.
 * One thread makes them, in this order. {@link #end} ends those that exist, in the opposite order. Any thread may read them and call
 * {@code end}.
 */
final class ModelParts {

    private static final System.Logger LOG = System.getLogger(ModelParts.class.getName());

    private final String name;
    private final String version;
    private final EngineScope scope;
    private final AtomicReference<@Nullable ModelSignature> signature = new AtomicReference<>();
    private volatile @Nullable ArchiveSnapshot archive;
    private volatile @Nullable ProgramInput program;
    private volatile @Nullable BackendModel backendModel;
    private volatile ExecutionPlan plan = ExecutionPlan.AS_EXPORTED;
    private volatile @Nullable String planReason;
    private volatile @Nullable TuningReport tuning;
    private volatile List<ModelCompanion> companions = List.of();
    private volatile @Nullable Batcher<ModelInput, Prediction> batcher;
    private volatile @Nullable Serving serving;

    /** @param scope registers all calls of the model into the engine */
    ModelParts(String name, String version, EngineScope scope) {
        this.name = name;
        this.version = version;
        this.scope = scope;
    }

    /**
     * What requests need, from the end of {@link #start} until the model is freed.
     *
     * @param device where the model runs: {@code cpu}, {@code gpu0}
     * @param workers number of batches that run at the same time
     * @param threads number of threads of a batch
     * @param passes the scope of the model's passes
     * @param program the input as a program declares it, or null
     */
    record Serving(
            Batcher<ModelInput, Prediction> batcher,
            ModelSignature signature,
            String device,
            int workers,
            int threads,
            EngineScope passes,
            @Nullable ProgramInput program) {

        /** Why no pass over this input is possible: the program forbids it, or the memory; null if one is. */
        @Nullable
        Failure refusal(ModelInput input) {
            String forbidden = program == null ? null : program.refusal(input);
            return forbidden == null ? passes.refusal(input) : Failure.of(FailureCode.INVALID_REQUEST, forbidden);
        }
    }

    EngineScope scope() {
        return scope;
    }

    /** Null before it is read, and after the model is freed. */
    @Nullable
    ArchiveSnapshot archive() {
        return archive;
    }

    /** The plan by which the model runs; as exported before {@link #load}. */
    ExecutionPlan plan() {
        return plan;
    }

    /** Why the model does not run by another plan, where model.yaml asks for another one or for auto; else null. */
    @Nullable
    String planReason() {
        return planReason;
    }

    /** What was measured of plans for this archive on this machine; null if nothing was, and before {@link #load}. */
    @Nullable
    TuningReport tuning() {
        return tuning;
    }

    List<ModelCompanion> companions() {
        return companions;
    }

    /** Null before {@link #start} returns, and after the model is freed. */
    @Nullable
    Serving serving() {
        return serving;
    }

    /** Reads the archive: the first step. */
    ArchiveSnapshot read(ModelSource source) throws IOException {
        ArchiveSnapshot read = source.snapshot();
        archive = read;
        return read;
    }

    /**
     * Loads the archive into the engine: the second step.
     *
     * @param asExported why it must run as exported, whatever the manifest says; null if it need not
     */
    void load(ModelSource source, ModelManifest manifest, int cores, PlanChoice plans, @Nullable String asExported) {
        Execution execution = manifest.execution();
        ArchiveSnapshot read = Objects.requireNonNull(archive);
        ProgramInput declared = ProgramInput.of(read);
        BackendModel loaded;
        try {
            PlanChoice.Chosen chosen = asExported == null
                    ? plans.choose(scope, read, source, manifest, cores)
                    : new PlanChoice.Chosen(ExecutionPlan.AS_EXPORTED, asExported, null);
            tuning = chosen.measured();
            planReason = chosen.reason();
            PlanProof.Proved proved = PlanProof.load(
                    scope,
                    read,
                    new BackendPlan(execution.device(), execution.threadsOn(cores), chosen.plan()),
                    manifest.warmUp().noise().get(0));
            loaded = proved.model();
            plan = proved.plan();
            if (proved.objection() != null) {
                planReason = proved.objection();
            }
        } catch (FailureException e) {
            throw declared == null ? e : declared.notLoaded(e);
        }
        backendModel = loaded;
        program = declared;
        if (declared != null) {
            declared.requireOperators(loaded.replacements());
        }
    }

    /** Makes the companions: the third step. */
    void addCompanions(LoadedModel model, List<? extends ModelCompanion.Factory> factories) {
        for (ModelCompanion.Factory factory : factories) {
            List<ModelCompanion> more = new ArrayList<>(companions);
            more.add(factory.of(model));
            companions = List.copyOf(more);
        }
    }

    /**
     * Starts the first worker, waits for its warm-up, and lets the companions check the model: the last step.
     *
     * @param whenBroken called with the reason if the batcher breaks
     * @throws FailureException with {@code MODEL_UNAVAILABLE} if a companion objects
     * @throws java.util.concurrent.CompletionException if a warm-up fails; the cause says why
     */
    void start(ModelManifest manifest, BatchListener batches, int cores, Consumer<Failure> whenBroken) {
        BackendModel loaded = Objects.requireNonNull(backendModel);
        int workers = manifest.execution().workersOn(cores);
        int threads = manifest.execution().threadsOn(cores);
        PassTimes times = new PassTimes(manifest.batching().maxTime());
        ToIntFunction<ModelInput> mostAtOnce = input -> Math.min(scope.mostAtOnce(input), times.mostAtOnce(input));
        Function<WarmUp, EngineWorker> newWorker = warmUp -> new EngineWorker(
                loaded.newSession(),
                warmUp,
                mostAtOnce,
                times,
                prediction -> OutputFit.require(manifest, prediction),
                session -> {
                    if (signature.get() == null) {
                        signature.set(ModelSignature.of(manifest, program, session));
                        SampleCheck.warn(name + " version " + version, manifest, session);
                    }
                });
        WarmUp brief = manifest.warmUp().brief();
        Batcher<ModelInput, Prediction> started = Batcher.<ModelInput, Prediction>of(name, version)
                .policy(manifest.batching())
                .shape(ModelInput::kind)
                .maxSize(
                        input -> input instanceof TensorGroup group && group.whole() ? 1 : mostAtOnce.applyAsInt(input))
                .runners(Stream.iterate(manifest.warmUp(), any -> brief)
                        .limit(workers)
                        .map(newWorker)
                        .toList())
                .replacement(() -> newWorker.apply(brief))
                .whenBroken(whenBroken)
                .listener(batches)
                .threads(workerThreads())
                .start();
        batcher = started;
        started.ready().join();
        manifest.warmUp().noise().stream()
                .map(scope::refusal)
                .flatMap(Stream::ofNullable)
                .forEach(refusal -> {
                    throw Failure.of(FailureCode.MODEL_UNAVAILABLE, refusal.detail())
                            .asException();
                });
        for (ModelCompanion companion : companions) {
            String objection = companion.objection(started::submit);
            if (objection != null) {
                throw new FailureException(FailureCode.MODEL_UNAVAILABLE, objection);
            }
        }
        serving = new Serving(
                started,
                Objects.requireNonNull(signature.get(), "set by the first ready worker"),
                loaded.device(),
                workers,
                threads == 0 ? Math.max(1, cores / workers) : threads,
                scope,
                program);
    }

    private ThreadFactory workerThreads() {
        AtomicInteger number = new AtomicInteger();
        return work -> {
            Thread thread = new Thread(work, "engine-" + name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Gives up the batch that a call runs; returns false if it runs none. */
    boolean giveUp(EngineCall call, Failure failure) {
        Batcher<ModelInput, Prediction> running = batcher;
        return running != null && scope.whileInside(call, () -> running.giveUp(call.thread(), failure));
    }

    /** Whether a batch that was given up is still inside the engine. */
    boolean hangs() {
        Batcher<ModelInput, Prediction> running = batcher;
        return running != null && running.hangs();
    }

    /**
     * Ends the parts: companions refuse new work, the batcher finishes the accepted items, calls inside the engine return, and all
     * memory is freed. A call that returns later frees the memory then. Ending again waits again.
     *
     * @param untilNanos latest end of the waiting, as {@code System.nanoTime()}
     * @param whenFreed runs once, after the memory is freed
     * @return whether every accepted item was finished and the memory is free
     */
    boolean end(long untilNanos, Runnable whenFreed) {
        companions.forEach(companion -> attempt(companion::end));
        Batcher<ModelInput, Prediction> running = batcher;
        boolean finished = running == null || running.close(left(untilNanos));
        boolean idle = scope.close(left(untilNanos), () -> {
            free();
            whenFreed.run();
        });
        if (!idle) {
            List<String> inside =
                    scope.overdue(Duration.ZERO).stream().map(EngineCall::what).toList();
            LOG.log(
                    ERROR,
                    () -> scope + " is closed, but stays in memory until its calls inside the engine return: "
                            + inside);
        }
        return finished && idle;
    }

    private static Duration left(long untilNanos) {
        return Duration.ofNanos(Math.max(0, untilNanos - System.nanoTime()));
    }

    /** Called when no call of the model is inside the engine. */
    private void free() {
        serving = null;
        for (ModelCompanion companion : companions) {
            attempt(companion::end); // A companion may be made after end() was called.
            attempt(companion::close);
        }
        BackendModel loaded = backendModel;
        if (loaded != null) {
            attempt(loaded::close);
            backendModel = null;
        }
        ArchiveSnapshot read = archive;
        if (read != null) {
            attempt(read::close);
            archive = null;
        }
    }

    /** Runs a step of the end. The next steps run even if it fails. */
    private void attempt(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            LOG.log(ERROR, () -> "a part of " + scope + " cannot be closed", e);
        }
    }
}
