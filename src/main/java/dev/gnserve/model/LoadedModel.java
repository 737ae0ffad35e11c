package dev.gnserve.model;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineCall;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.batching.BatchListener;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.batching.Priority;
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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One version of one model, from its loading to its end, and the owner of all that belongs to it: the snapshot of its archive,
 * the engine's copy, the batcher with its workers, and the companions that verify it. Thread-safe.
 *
 * <p>Everything is made once, from the snapshot: a file that changes on disk changes nothing here. A model that is loaded again is
 * another object; the two share nothing.
 *
 * <p>{@link #close} is the one place where it ends, in this order: new requests are refused, what was accepted is drained, the
 * calls inside the engine are waited for, then companions, engine's copy and snapshot are closed. A call that outlives its time
 * keeps the engine's copy in memory until it returns; that call's thread then closes the rest.
 */
public final class LoadedModel implements Inference {

    private static final System.Logger LOG = System.getLogger(LoadedModel.class.getName());

    /** Retry-After while a model loads. A guess: load time is unknown. */
    private static final Duration LOADING_RETRY = Duration.ofSeconds(2);

    private final ModelSource source;
    private final ModelListener listener;
    private final Lifecycle life = new Lifecycle(this::announce);
    private final LeaseCount leases = new LeaseCount();
    private volatile String fingerprint;
    private volatile @Nullable ModelManifest manifest;

    private volatile @Nullable ModelParts parts;
    private volatile @Nullable String reloadFailure;
    private volatile boolean quiet; // changes are not announced

    LoadedModel(ModelSource source, ModelListener listener) {
        this.source = source;
        this.listener = listener;
        this.fingerprint = ModelRepository.print(source);
    }

    /**
     * Loads a model for a command: without a repository, companions and listeners. The caller closes it before the engine.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} if it does not load
     */
    public static LoadedModel alone(ModelSource source, Engine engine) {
        LoadedModel model = new LoadedModel(source, change -> {});
        model.quiet = true;
        model.load(engine, List.of(), batch -> {}, Runtime.getRuntime().availableProcessors());
        model.requireReady();
        return model;
    }

    /** What answers; null before the model is ready and when it is freed. */
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

    public ModelState state() {
        return life.phase().seen();
    }

    /** Whether it answers requests, or will again when a pass that hangs has returned. */
    boolean serves() {
        return life.phase() == Phase.READY || life.phase() == Phase.HUNG;
    }

    /** Why the model failed, or why it was not replaced by its newer files, or null. */
    public @Nullable String reason() {
        return life.now().reason();
    }

    /** How long loading and warm-up took, or null as long as the model never was ready. */
    public @Nullable Duration loadTime() {
        return life.now().loadTime();
    }

    /** What its {@code model.yaml} says, or null as long as it was not read, or when it has a mistake. */
    public @Nullable ModelManifest manifestOrNull() {
        return manifest;
    }

    /**
     * What its {@code model.yaml} says.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} as long as it was not read, or when it has a mistake
     */
    public ModelManifest manifest() {
        ModelManifest read = manifest;
        if (read == null) {
            throw unavailable().asException();
        }
        return read;
    }

    /**
     * Passes if the model serves.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} if it does not, or not yet
     */
    public void requireReady() {
        if (state() != ModelState.READY) {
            throw unavailable().asException();
        }
    }

    /**
     * The archive as it was read.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} before it was read and after the model was freed
     */
    public ArchiveSnapshot archive() {
        ModelParts made = parts;
        ArchiveSnapshot read = made == null ? null : made.archive();
        if (read == null) {
            throw unavailable().asException();
        }
        return read;
    }

    /**
     * Where calls into the engine on behalf of this model are registered.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} before it was loaded
     */
    public EngineScope scope() {
        ModelParts made = parts;
        if (made == null) {
            throw unavailable().asException();
        }
        return made.scope();
    }

    /**
     * The companion of a kind.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} unless its archive has been loaded
     */
    public <C extends ModelCompanion> C companion(Class<C> kind) {
        ModelParts made = parts;
        return (made == null ? List.<ModelCompanion>of() : made.companions())
                .stream()
                        .filter(kind::isInstance)
                        .map(kind::cast)
                        .findFirst()
                        .orElseThrow(() -> unavailable().asException());
    }

    /** Where it runs, as {@code cpu} or {@code gpu0}; null unless ready. */
    public @Nullable String device() {
        ModelParts.Serving now = serving();
        return now == null ? null : now.device();
    }

    /** How many batches run at the same time; 0 unless ready. */
    public int workers() {
        ModelParts.Serving now = serving();
        return now == null ? 0 : now.workers();
    }

    /** How many threads work on one batch, when shared automatically those of a batch while every worker is busy; 0 unless ready. */
    public int threads() {
        ModelParts.Serving now = serving();
        return now == null ? 0 : now.threads();
    }

    /**
     * Why an image that comes now would be refused, OVERLOADED or DEADLINE_EXCEEDED: it would find no place in the queue, or could
     * not be answered in time. Null if it would not.
     */
    public @Nullable Failure refusal(Deadline deadline) {
        ModelParts.Serving now = serving();
        return now == null ? null : now.batcher().refusal(deadline);
    }

    /** How many images wait. */
    public int queueDepth() {
        ModelParts.Serving now = serving();
        return now == null ? 0 : now.batcher().depth();
    }

    /**
     * A file beside {@code model.yaml}.
     *
     * @throws IOException if there is none
     */
    public byte[] file(String name) throws IOException {
        try (InputStream in = source.open(name)) {
            return in.readAllBytes();
        }
    }

    /**
     * What it takes and gives, as tensors.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} unless ready
     */
    public ModelSignature signature() {
        ModelParts.Serving now = serving();
        if (now == null) {
            throw unavailable().asException();
        }
        return now.signature();
    }

    /** As {@link #infer(Tensor, Deadline, Priority)}, with the default priority. */
    @Override
    public CompletableFuture<Outcome<Prediction>> infer(Tensor input, Deadline deadline) {
        return infer(input, deadline, Priority.DEFAULT);
    }

    /** As {@link Inference#infer}, and the outcome comes no later than when the deadline passes. */
    public CompletableFuture<Outcome<Prediction>> infer(Tensor input, Deadline deadline, Priority priority) {
        ModelParts.Serving now = serving();
        if (now == null) {
            return CompletableFuture.completedFuture(new Outcome.Failed<>(unavailable()));
        }
        CompletableFuture<Outcome<Prediction>> outcome = now.batcher().submit(input, deadline, priority);
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

    private void accepted(Tensor input) {
        ModelParts made = parts;
        if (made != null) {
            made.companions().forEach(companion -> companion.accepted(input));
        }
    }

    /** Of the files that were read or, if newer ones did not serve, of those. */
    String fingerprint() {
        return fingerprint;
    }

    ModelSource source() {
        return source;
    }

    LeaseCount leases() {
        return leases;
    }

    /** Loads and warms up on the calling thread. Ends in READY or FAILED, or frees everything if the model was closed meanwhile. */
    void load(Engine engine, List<? extends ModelCompanion.Factory> factories, BatchListener batches, int cores) {
        if (life.phase() != Phase.LOADING) {
            return; // It was closed before its turn came.
        }
        ModelParts own = new ModelParts(name(), version(), engine.scope("model " + name() + " version " + version()));
        parts = own;
        fingerprint = ModelRepository.print(source);
        try {
            Duration took = own.scope().hold("loading model " + name(), () -> make(own, factories, batches, cores));
            LOG.log(DEBUG, () -> this + " was loaded in " + took.toMillis() + " ms");
        } catch (IOException | RuntimeException | Error e) {
            Throwable cause = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
            if (life.enter(Phase.FAILED, reasonOf(cause))) {
                LOG.log(ERROR, () -> "model " + name() + " version " + version() + " does not load", cause);
            }
            release(Duration.ofSeconds(10));
        }
    }

    private Duration make(
            ModelParts own, List<? extends ModelCompanion.Factory> factories, BatchListener batches, int cores)
            throws IOException {
        long began = System.nanoTime();
        ArchiveSnapshot archive = own.read(source);
        ModelManifest read = ManifestReader.read(source, archive, own.scope());
        manifest = read;
        if (!fingerprint.equals(ModelRepository.print(source))) {
            throw Failure.of(
                            FailureCode.MODEL_UNAVAILABLE,
                            "the files of model " + name() + " version " + version()
                                    + " changed while they were read; load the model again when they are complete")
                    .asException();
        }
        own.load(read.execution(), cores);
        own.accompany(this, factories);
        proceed(Phase.WARMING, null);
        own.start(read, batches, cores, failure -> {
            life.tryEnter(Phase.FAILED, failure.detail());
        });
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        proceed(Phase.READY, took);
        return took;
    }

    private void proceed(Phase next, @Nullable Duration loadTime) {
        if (!life.enter(next, null, loadTime)) {
            throw Failure.of(FailureCode.SHUTTING_DOWN, "model " + name() + " was closed while it loaded")
                    .asException();
        }
    }

    /**
     * The watchdog's look: a forward pass that has been inside for too long fails its requests and takes the model out of READY
     * until it returns.
     */
    void watch(Duration longest) {
        ModelParts made = parts;
        if (made == null) {
            return;
        }
        for (EngineCall call : made.scope().overdue(longest)) {
            String what = call.what() + " has not returned for " + longest.toSeconds() + " s";
            String reason = what + "; unless it returns, the process has to be restarted";
            if (call.markReported()) {
                LOG.log(WARNING, reason);
            }
            if (made.giveUp(call, Failure.of(FailureCode.ENGINE_FAULT, what))) {
                life.tryEnter(Phase.HUNG, reason);
            } else {
                life.remark(Phase.LOADING, reason);
                life.remark(Phase.WARMING, reason);
            }
        }
        if (!made.hangs()) {
            life.tryEnter(Phase.HUNG, Phase.READY, reloadFailure);
        }
    }

    /**
     * Newer files of this version do not serve, so that this one goes on.
     *
     * @param tried the fingerprint of the files that do not serve, which need not be tried again
     */
    void notReplacedBecause(String tried, String why) {
        fingerprint = tried;
        reloadFailure = "serves as it was loaded; the reload failed: " + why;
        life.remark(Phase.READY, reloadFailure);
    }

    /**
     * Ends the model: see the class. Closing again waits for nothing.
     *
     * @param drainTime for the requests that use it and for the calls that are inside the engine
     * @return whether everything was finished in that time and is freed
     */
    public boolean close(Duration drainTime) {
        boolean first = life.enter(Phase.DRAINING, null);
        boolean ended = release(first ? drainTime : Duration.ZERO);
        if (ended) {
            closed();
        }
        return ended;
    }

    /** Ends the model when another one has taken its place: the requests that hold a lease on it see it ready. */
    boolean retire(Duration drainTime) {
        long until = System.nanoTime() + drainTime.toNanos();
        leases.await(until);
        quiet = true;
        return close(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
    }

    private boolean release(Duration time) {
        long until = System.nanoTime() + time.toNanos();
        leases.await(until);
        ModelParts made = parts;
        return made == null || made.end(until, this::closed);
    }

    private void closed() {
        life.tryEnter(Phase.DRAINING, Phase.CLOSED, null);
    }

    private void announce(Lifecycle.State next) {
        if (quiet || next.phase() == Phase.WARMING || next.phase() == Phase.CLOSED) {
            return; // Clients see no other state than before.
        }
        ModelState state = next.phase().seen();
        LOG.log(
                INFO,
                () -> "model " + name() + " version " + version() + " is " + state
                        + (next.reason() == null ? "" : ": " + next.reason()));
        try {
            listener.stateChanged(new ModelStateChanged(name(), version(), state, next.reason(), next.loadTime()));
        } catch (RuntimeException e) {
            LOG.log(WARNING, "a model listener failed", e);
        }
    }

    private Failure unavailable() {
        String which = "model " + name() + " version " + version();
        Lifecycle.State now = life.now();
        return switch (now.phase().seen()) {
            case LOADING ->
                new Failure(
                        FailureCode.MODEL_UNAVAILABLE,
                        which + " is still loading; ask again soon",
                        LOADING_RETRY,
                        null);
            case FAILED -> Failure.of(FailureCode.MODEL_UNAVAILABLE, which + " does not serve: " + now.reason());
            case UNLOADED, READY -> Failure.of(FailureCode.MODEL_UNAVAILABLE, which + " is unloaded");
        };
    }

    private static String reasonOf(Throwable thrown) {
        if (thrown instanceof FailureException known) {
            return known.failure().detail();
        }
        String message = thrown.getMessage();
        return thrown instanceof InvalidManifestException && message != null
                ? message
                : thrown.getClass().getSimpleName() + (message == null ? "" : ": " + message);
    }

    @Override
    public String toString() {
        return name() + " version " + version() + " (" + state() + ")";
    }
}
