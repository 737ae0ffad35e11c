package dev.gnserve.model;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineCall;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import dev.gnserve.batching.BatchListener;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.batching.Priority;
import dev.gnserve.batching.Turns;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.Lifecycle.Phase;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One version of one model, from loading to closing. It owns the snapshot of its archive, the engine's copy, the batcher with its
 * workers, and its companions. Thread-safe.
 *
 * <p>All of them are made once, from the snapshot, so later changes of the files have no effect. Loading a version again makes a new
 * object that shares nothing with this one.
 *
 * <p>{@link #close} ends the model in this order: refuse new requests, finish the accepted ones, wait for the calls inside the engine,
 * then close companions, engine's copy and snapshot. If a call takes longer than the wait, these stay open until it returns, and its
 * thread closes them.
 */
public final class LoadedModel implements Inference {

    private static final System.Logger LOG = System.getLogger(LoadedModel.class.getName());

    /** Retry-After while a model loads. A guess: load time is unknown. */
    private static final Duration LOADING_RETRY = Duration.ofSeconds(2);

    /** For the calls into the engine of a model that does not load. */
    private static final Duration LAST_CALLS = Duration.ofSeconds(10);

    private final ModelSource source;
    private final ModelListener listener;
    private final @Nullable String asExported;
    private final Lifecycle life = new Lifecycle(this::announce);
    private final LeaseCount leases = new LeaseCount();
    private final AtomicBoolean triedAsExported = new AtomicBoolean();
    private volatile String fingerprint;
    private volatile String madeFrom = ""; // the fingerprint of the files that were loaded
    private volatile @Nullable ModelManifest manifest;

    private volatile @Nullable ModelParts parts;
    private volatile @Nullable String reloadFailure;
    private volatile boolean quiet; // whether changes of state are not announced

    LoadedModel(ModelSource source, ModelListener listener) {
        this(source, listener, null);
    }

    /** @param asExported why the model must run as exported, whatever its manifest says; null if it need not */
    LoadedModel(ModelSource source, ModelListener listener, @Nullable String asExported) {
        this.source = source;
        this.listener = listener;
        this.asExported = asExported;
        this.fingerprint = ModelRepository.fingerprint(source);
    }

    /**
     * Loads a model for a command, without repository, companions and listeners. The caller must close it before the engine.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} if it does not load
     */
    public static LoadedModel alone(ModelSource source, Engine engine) {
        LoadedModel model = new LoadedModel(source, change -> {});
        model.quiet = true;
        model.load(engine, List.of(), batch -> {}, Runtime.getRuntime().availableProcessors(), PlanChoice.KEPT);
        model.requireReady();
        return model;
    }

    /** Loads a model as {@link #alone} does, and closes it again. Returns why it does not serve, or null if it does. */
    public static @Nullable String reasonAlone(ModelSource source, Engine engine) {
        LoadedModel model = new LoadedModel(source, change -> {});
        model.quiet = true;
        model.load(engine, List.of(), batch -> {}, Runtime.getRuntime().availableProcessors(), PlanChoice.KEPT);
        String reason = model.state() == ModelState.READY ? null : model.reason();
        model.close(Duration.ZERO);
        return reason;
    }

    /** Null before the model is ready and after it is freed. */
    private ModelParts.@Nullable Serving serving() {
        ModelParts made = parts;
        return made == null ? null : made.serving();
    }

    public String name() {
        return source.name();
    }

    public String version() {
        return source.version();
    }

    private String label() {
        return "model " + name() + " version " + version();
    }

    public ModelState state() {
        return life.phase().seen();
    }

    /** Whether the model serves, or will serve again when a hanging pass returns. */
    boolean serves() {
        return life.phase() == Phase.READY || life.phase() == Phase.HUNG;
    }

    /** Why the model failed, or why its newer files could not replace it; or null. */
    public @Nullable String reason() {
        return life.now().reason();
    }

    /** The time for loading and warm-up; null if the model was never ready. */
    public @Nullable Duration loadTime() {
        return life.now().loadTime();
    }

    /** The model's manifest; null before it is read, and if it has a mistake. */
    public @Nullable ModelManifest manifestOrNull() {
        return manifest;
    }

    /**
     * The model's manifest.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} before it is read, and if it has a mistake
     */
    public ModelManifest manifest() {
        return available(manifest);
    }

    /**
     * Requires that the model is ready.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} if it is not
     */
    public void requireReady() {
        if (state() != ModelState.READY) {
            throw unavailable().asException();
        }
    }

    /**
     * The snapshot of the archive.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} before it is read and after the model is freed
     */
    public ArchiveSnapshot archive() {
        return available(available(parts).archive());
    }

    /**
     * The scope of this model's calls into the engine.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} before loading
     */
    public EngineScope scope() {
        return available(parts).scope();
    }

    /**
     * The companion of a type.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} if there is none, for example before the archive is loaded
     */
    public <C extends ModelCompanion> C companion(Class<C> type) {
        return available(parts).companions().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst()
                .orElseThrow(() -> unavailable().asException());
    }

    /** Where the model runs: {@code cpu}, {@code gpu0}; null unless ready. */
    public @Nullable String device() {
        ModelParts.Serving now = serving();
        return now == null ? null : now.device();
    }

    /** The number of batches that run at the same time; 0 unless ready. */
    public int workers() {
        ModelParts.Serving now = serving();
        return now == null ? 0 : now.workers();
    }

    /** The number of threads of a batch; if cores are shared automatically, that while all workers are busy; 0 unless ready. */
    public int threads() {
        ModelParts.Serving now = serving();
        return now == null ? 0 : now.threads();
    }

    /**
     * The plan by which the model runs. Not that of the manifest where that one does not hold.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} before loading
     */
    public ExecutionPlan plan() {
        return available(parts).plan();
    }

    /**
     * Why it is this {@link #plan}, where model.yaml asks for another one or for auto; else null.
     *
     * @throws FailureException as {@link #plan}
     */
    public @Nullable String planReason() {
        return available(parts).planReason();
    }

    /**
     * What was measured of plans for this archive on this machine; null if nothing was.
     *
     * @throws FailureException as {@link #plan}
     */
    public @Nullable TuningReport tuning() {
        return available(parts).tuning();
    }

    /** Why an image would be refused now: {@code OVERLOADED} or {@code DEADLINE_EXCEEDED}; null if it would be accepted. */
    public @Nullable Failure refusal(Deadline deadline) {
        ModelParts.Serving now = serving();
        return now == null ? null : now.batcher().refusal(deadline);
    }

    /** The number of waiting images. */
    public int queueDepth() {
        ModelParts.Serving now = serving();
        return now == null ? 0 : now.batcher().depth();
    }

    /**
     * Reads a file beside {@code model.yaml}.
     *
     * @throws IOException if it cannot be read, for example because it does not exist
     */
    public byte[] file(String name) throws IOException {
        try (InputStream in = source.open(name)) {
            return in.readAllBytes();
        }
    }

    /**
     * The model's inputs and outputs as tensors.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} unless ready
     */
    public ModelSignature signature() {
        return available(serving()).signature();
    }

    /** The only input of a request, with the default priority. */
    @Override
    public CompletableFuture<Outcome<Prediction>> infer(ModelInput input, Deadline deadline) {
        return infer(input, deadline, Priority.DEFAULT, null);
    }

    @Override
    public Inference ofOneRequest() {
        Turns turns = new Turns();
        return (input, deadline) -> infer(input, deadline, Priority.DEFAULT, turns);
    }

    /** As {@link #ofOneRequest()}, for tensors of a client: their outputs are returned as they are, so no companion compares them. */
    public Inference ofTensors(Priority priority) {
        Turns turns = new Turns();
        return (input, deadline) -> submit(input, deadline, priority, turns);
    }

    private CompletableFuture<Outcome<Prediction>> infer(
            ModelInput input, Deadline deadline, Priority priority, @Nullable Turns turns) {
        CompletableFuture<Outcome<Prediction>> outcome = submit(input, deadline, priority, turns);
        CompletableFuture<Void> unused = outcome.thenAccept(done -> answered(input, done));
        return outcome;
    }

    /** As {@link Inference#infer}. The future completes at the latest when the deadline passes. */
    private CompletableFuture<Outcome<Prediction>> submit(
            ModelInput input, Deadline deadline, Priority priority, @Nullable Turns turns) {
        ModelParts.Serving now = serving();
        if (now == null) {
            return CompletableFuture.completedFuture(new Outcome.Failed<>(unavailable()));
        }
        Failure refusal = now.refusal(input);
        if (refusal != null) {
            return CompletableFuture.completedFuture(new Outcome.Failed<>(refusal));
        }
        CompletableFuture<Outcome<Prediction>> outcome = now.batcher().submit(input, deadline, priority, turns);
        boolean refused = outcome.isDone() && outcome.join() instanceof Outcome.Failed;
        if (!refused) {
            accepted(input);
        }
        if (deadline.isBounded() && !outcome.isDone()) {
            Failure late = Failure.of(
                    FailureCode.DEADLINE_EXCEEDED, deadline + " passed in the queue or the engine of model " + name());
            long left = deadline.remaining(System.nanoTime()).toNanos();
            return outcome.completeOnTimeout(new Outcome.Failed<>(late), left, TimeUnit.NANOSECONDS);
        }
        return outcome;
    }

    private void accepted(ModelInput input) {
        ModelParts made = parts;
        if (made != null) {
            made.companions().forEach(companion -> companion.accepted(input));
        }
    }

    private void answered(ModelInput input, Outcome<Prediction> outcome) {
        ModelParts made = parts;
        if (made != null && outcome instanceof Outcome.Success<Prediction> done) {
            made.companions().forEach(companion -> companion.answered(input, done.result()));
        }
    }

    /** The fingerprint of the files that were read; if newer files failed to replace them, of those. */
    String fingerprint() {
        return fingerprint;
    }

    /** Whether the model was loaded from files with this fingerprint. */
    boolean isMadeFrom(String files) {
        return madeFrom.equals(files);
    }

    /** True for the first call only. */
    boolean firstTryAsExported() {
        return triedAsExported.compareAndSet(false, true);
    }

    ModelSource source() {
        return source;
    }

    LeaseCount leases() {
        return leases;
    }

    /**
     * Reads the archive on this thread, and has it judged.
     *
     * @param whenPostponed runs if the judgement takes so long that it goes on after that of other models
     * @param executor for what follows the judgement
     * @return completes when the model can be loaded, or has failed, or was closed; never exceptionally
     */
    CompletableFuture<Void> examine(Engine engine, ArchiveTrial trial, Runnable whenPostponed, Executor executor) {
        if (life.phase() != Phase.LOADING) {
            return CompletableFuture.completedFuture(null); // The model was closed before.
        }
        ModelParts own = new ModelParts(name(), version(), engine.scope(label()));
        parts = own;
        fingerprint = ModelRepository.fingerprint(source);
        CompletableFuture<Void> judgement;
        try {
            // Not watched: a large archive on a slow disk is no fault of the engine.
            ArchiveSnapshot read = own.scope().hold("reading the archive of model " + name(), () -> own.read(source));
            judgement = trial.judge(source, read, why -> {
                life.setReason(Phase.LOADING, why);
                whenPostponed.run();
            });
        } catch (IOException | RuntimeException | Error e) {
            judgement = CompletableFuture.failedFuture(e);
        }
        return judgement.handleAsync(
                (passed, thrown) -> {
                    if (thrown != null) {
                        fail(thrown);
                    } else if (life.phase() != Phase.LOADING) {
                        release(Duration.ZERO); // The thread that closed it may not have seen what was read.
                    }
                    return null;
                },
                executor);
    }

    /** Loads and warms up on this thread. Ends in READY or FAILED; if the model is closed meanwhile, everything is freed. */
    void load(
            Engine engine,
            List<? extends ModelCompanion.Factory> factories,
            BatchListener batches,
            int cores,
            PlanChoice plans) {
        if (life.phase() != Phase.LOADING) {
            return; // The model was closed before.
        }
        ModelParts examined = parts;
        ModelParts own = examined == null ? new ModelParts(name(), version(), engine.scope(label())) : examined;
        if (examined == null) {
            parts = own;
            fingerprint = ModelRepository.fingerprint(source);
        }
        try {
            Duration took = own.scope()
                    .hold("loading model " + name(), () -> make(own, factories, batches, cores, plans, asExported));
            LOG.log(INFO, () -> this + " was loaded in " + took.toMillis() + " ms");
        } catch (IOException | RuntimeException | Error e) {
            if (!failedByChoice(own)) {
                fail(e);
                return;
            }
            String why = "auto: by the plan %s it does not load: %s".formatted(own.plan(), reasonOf(causeOf(e)));
            LOG.log(
                    WARNING,
                    () -> label() + " is loaded as exported. " + why
                            + ". State execution: {plan: as-exported} in its model.yaml, and it loads at once");
            ModelParts again = own.again(engine.scope(label()));
            boolean unused = own.end(System.nanoTime() + LAST_CALLS.toNanos(), () -> {});
            parts = again;
            if (life.phase() != Phase.LOADING && life.phase() != Phase.WARMING) {
                release(Duration.ZERO); // The thread that closed it saw the first parts.
                return;
            }
            try {
                again.scope().hold("loading model " + name(), () -> make(again, factories, batches, cores, plans, why));
            } catch (IOException | RuntimeException | Error second) {
                fail(second);
            }
        }
    }

    /** Whether a load failed by a plan that model.yaml does not state, and the model is not closed. */
    private boolean failedByChoice(ModelParts own) {
        ModelManifest read = manifest;
        boolean loading = life.phase() == Phase.LOADING || life.phase() == Phase.WARMING;
        return loading && read != null && read.execution().plan() == null && own.plan() != ExecutionPlan.AS_EXPORTED;
    }

    private static Throwable causeOf(Throwable thrown) {
        return thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
    }

    private void fail(Throwable thrown) {
        Throwable cause = causeOf(thrown);
        if (life.enter(Phase.FAILED, reasonOf(cause))) {
            if (isPlainSentence(cause)) {
                LOG.log(ERROR, () -> label() + " does not load: " + reasonOf(cause));
            } else {
                LOG.log(ERROR, () -> label() + " does not load", cause);
            }
        }
        release(LAST_CALLS);
    }

    private Duration make(
            ModelParts own,
            List<? extends ModelCompanion.Factory> factories,
            BatchListener batches,
            int cores,
            PlanChoice plans,
            @Nullable String exported)
            throws IOException {
        long startedNanos = System.nanoTime();
        ArchiveSnapshot examined = own.archive();
        ArchiveSnapshot archive = examined == null ? own.read(source) : examined;
        ModelManifest read = ManifestReader.read(source, archive, own.scope());
        manifest = read;
        if (!fingerprint.equals(ModelRepository.fingerprint(source))) {
            throw new FailureException(
                    FailureCode.MODEL_UNAVAILABLE,
                    "the files of " + label()
                            + " changed while they were read; load the model again when they are complete");
        }
        madeFrom = fingerprint;
        own.load(source, read, cores, plans, exported);
        own.addCompanions(this, factories);
        enter(Phase.WARMING, null);
        own.start(read, batches, cores, failure -> life.enter(Phase.FAILED, failure.detail()));
        Duration took = Duration.ofNanos(System.nanoTime() - startedNanos);
        enter(Phase.READY, took);
        return took;
    }

    private void enter(Phase next, @Nullable Duration loadTime) {
        if (!life.enter(next, null, loadTime)) {
            throw new FailureException(FailureCode.SHUTTING_DOWN, "model " + name() + " was closed while it loaded");
        }
    }

    /**
     * Checks for calls that take too long. If a forward pass does, its requests fail, and the model is not READY until it returns.
     * The watchdog calls this once a second.
     */
    void watch(Duration longest) {
        ModelParts made = parts;
        if (made == null) {
            return;
        }
        for (EngineCall call : made.scope().overdue(longest)) {
            String what = call.what() + " has not returned for " + longest.toSeconds() + " s";
            String reason = what + "; if it never returns, restart the process";
            if (call.markReported()) {
                LOG.log(WARNING, reason);
            }
            if (made.giveUp(call, Failure.of(FailureCode.ENGINE_FAULT, what))) {
                life.enter(Phase.HUNG, reason);
            } else {
                life.setReason(Phase.LOADING, reason);
                life.setReason(Phase.WARMING, reason);
            }
        }
        if (!made.hangs()) {
            life.enterFrom(Phase.HUNG, Phase.READY, reloadFailure);
        }
    }

    /**
     * Records that newer files of this version do not serve, so that this model goes on.
     *
     * @param tried the fingerprint of these files, which are not tried again
     */
    void reloadFailed(String tried, String why) {
        fingerprint = tried;
        reloadFailure = "serves the files that were loaded before; the reload failed: " + why;
        life.setReason(Phase.READY, reloadFailure);
    }

    /**
     * Ends the model; see the class. Closing again waits for nothing.
     *
     * @param drainTime for its requests and its calls inside the engine
     * @return whether every accepted request was finished in this time and the memory is free
     */
    public boolean close(Duration drainTime) {
        boolean first = life.enter(Phase.DRAINING, null);
        boolean ended = release(first ? drainTime : Duration.ZERO);
        if (ended) {
            closed();
        }
        return ended;
    }

    /** As {@link #close}, for a model that another one has replaced. The requests that hold a lease still see it ready. */
    void retire(Duration drainTime) {
        long until = System.nanoTime() + drainTime.toNanos();
        leases.await(until);
        quiet = true;
        close(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
    }

    private boolean release(Duration time) {
        long until = System.nanoTime() + time.toNanos();
        leases.await(until);
        ModelParts made = parts;
        return made == null || made.end(until, this::closed);
    }

    private void closed() {
        life.enterFrom(Phase.DRAINING, Phase.CLOSED, null);
    }

    private void announce(Lifecycle.State next) {
        if (quiet || next.phase() == Phase.WARMING || next.phase() == Phase.CLOSED) {
            return; // Clients see the same state as before.
        }
        ModelState state = next.phase().seen();
        LOG.log(INFO, () -> label() + " is " + state + (next.reason() == null ? "" : ": " + next.reason()));
        try {
            listener.stateChanged(new ModelStateChanged(name(), version(), state, next.reason(), next.loadTime()));
        } catch (RuntimeException e) {
            LOG.log(WARNING, "a model listener failed", e);
        }
    }

    /** The value if it is there. */
    private <V> V available(@Nullable V value) {
        if (value == null) {
            throw unavailable().asException();
        }
        return value;
    }

    private Failure unavailable() {
        Lifecycle.State now = life.now();
        return switch (now.phase().seen()) {
            case LOADING ->
                new Failure(
                        FailureCode.MODEL_UNAVAILABLE,
                        label() + " is still loading; try again soon",
                        LOADING_RETRY,
                        null);
            case FAILED -> Failure.of(FailureCode.MODEL_UNAVAILABLE, label() + " does not serve: " + now.reason());
            case UNLOADED, READY -> Failure.of(FailureCode.MODEL_UNAVAILABLE, label() + " is unloaded");
        };
    }

    private static String reasonOf(Throwable thrown) {
        if (thrown instanceof FailureException known) {
            return known.failure().detail();
        }
        String message = thrown.getMessage();
        return isPlainSentence(thrown) && message != null
                ? message
                : thrown.getClass().getSimpleName() + (message == null ? "" : ": " + message);
    }

    /** Whether the message says all, so that a stack trace would add nothing. */
    private static boolean isPlainSentence(Throwable thrown) {
        return thrown instanceof InvalidManifestException
                || thrown instanceof NoFileException
                || thrown instanceof TorchScriptException
                || (thrown instanceof FailureException known
                        && known.failure().code() == FailureCode.MODEL_UNAVAILABLE);
    }

    @Override
    public String toString() {
        return name() + " version " + version() + " (" + state() + ")";
    }
}
