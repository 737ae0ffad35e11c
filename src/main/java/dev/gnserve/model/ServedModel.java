package dev.gnserve.model;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import dev.gnserve.batching.BatchListener;
import dev.gnserve.batching.Batcher;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.batching.Priority;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One version of one model, from its loading to its end. Thread-safe. */
public final class ServedModel implements Inference {

    private static final System.Logger LOG = System.getLogger(ServedModel.class.getName());

    /** What a caller is told to wait while a model loads: nobody knows how long it really takes. */
    private static final Duration LOADING_RETRY = Duration.ofSeconds(2);

    private final ModelSource source;
    private final ModelListener listener;
    private final ModelAudit audit;
    private volatile State state = new State(ModelState.LOADING, null, null, null);
    private volatile @Nullable ModelManifest manifest;
    private volatile String fingerprint;
    private int leases; // guarded by this

    ServedModel(ModelSource source, ModelListener listener, ModelAudit audit) {
        this.source = source;
        this.listener = listener;
        this.audit = audit;
        this.fingerprint = ModelRepository.print(source);
    }

    /** All that changes together. */
    private record State(
            ModelState state,
            @Nullable String reason,
            @Nullable Duration loadTime,
            @Nullable Serving serving) {}

    /** What a ready model holds. */
    private record Serving(
            PyTorchModel engineModel,
            Batcher<Tensor, Prediction> batcher,
            ModelSignature signature,
            int workers,
            int threads) {}

    public String name() {
        return source.name();
    }

    public String version() {
        return source.version();
    }

    public ModelState state() {
        return state.state();
    }

    /** Why the model failed, or why it was not replaced by what lies there now, or null. */
    public @Nullable String reason() {
        return state.reason();
    }

    /** How long loading and warm-up took, or null as long as the model never was ready. */
    public @Nullable Duration loadTime() {
        return state.loadTime();
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
            throw unavailable(state).asException();
        }
        return read;
    }

    /**
     * Passes if the model serves.
     *
     * @throws FailureException with {@code MODEL_UNAVAILABLE} if it does not, or not yet
     */
    public void requireReady() {
        State now = state;
        if (now.state() != ModelState.READY) {
            throw unavailable(now).asException();
        }
    }

    /** Whether a forward pass hangs in the engine: only the end of the process frees its thread. */
    public boolean hangs() {
        Serving serving = state.serving();
        return serving != null && serving.batcher().hangs();
    }

    /** The watchdog's look at the batches in the engine. */
    void watch() {
        Serving serving = state.serving();
        if (serving != null && serving.batcher().hangs()) {
            LOG.log(WARNING, () -> "a forward pass of model " + name() + " version " + version() + " hangs");
        }
    }

    /** Of what was last tried in its place. */
    String fingerprint() {
        return fingerprint;
    }

    ModelSource source() {
        return source;
    }

    synchronized void enter() {
        leases++;
    }

    synchronized void leave() {
        leases--;
        notifyAll();
    }

    /** Until no request uses the model any more, at most until {@code System.nanoTime()} is {@code untilNanos}. */
    private synchronized void awaitLeases(long untilNanos) {
        try {
            for (long left = untilNanos - System.nanoTime(); leases > 0 && left > 0; ) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
                left = untilNanos - System.nanoTime();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Where it runs, as {@code cpu} or {@code gpu0}; null unless ready. */
    public @Nullable String device() {
        Serving serving = state.serving();
        return serving == null ? null : serving.engineModel().device();
    }

    /** How many batches run at the same time; 0 unless ready. */
    public int workers() {
        Serving serving = state.serving();
        return serving == null ? 0 : serving.workers();
    }

    /** How many threads work on one batch, when shared automatically those of a batch while every worker is busy; 0 unless ready. */
    public int threads() {
        Serving serving = state.serving();
        return serving == null ? 0 : serving.threads();
    }

    /**
     * Why an image that comes now would be refused, OVERLOADED or DEADLINE_EXCEEDED: it would find no place in the queue, or could
     * not be answered in time. Null if it would not.
     */
    public @Nullable Failure refusal(Deadline deadline) {
        Serving serving = state.serving();
        return serving == null ? null : serving.batcher().refusal(deadline);
    }

    /** How many images wait. */
    public int queueDepth() {
        Serving serving = state.serving();
        return serving == null ? 0 : serving.batcher().depth();
    }

    /**
     * A file that lies beside {@code model.yaml}.
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
        State now = state;
        Serving serving = now.serving();
        if (serving == null) {
            throw unavailable(now).asException();
        }
        return serving.signature();
    }

    /** The TorchScript archive as it lies. */
    public InputStream openArchive() throws IOException {
        return source.openArchive();
    }

    /** As {@link #infer(Tensor, Deadline, Priority)}, with the default priority. */
    @Override
    public CompletableFuture<Outcome<Prediction>> infer(Tensor input, Deadline deadline) {
        return infer(input, deadline, Priority.DEFAULT);
    }

    /** As {@link Inference#infer}, and the outcome comes no later than when the deadline passes. */
    public CompletableFuture<Outcome<Prediction>> infer(Tensor input, Deadline deadline, Priority priority) {
        State now = state;
        Serving serving = now.serving();
        if (serving == null) {
            return CompletableFuture.completedFuture(new Outcome.Failed<>(unavailable(now)));
        }
        CompletableFuture<Outcome<Prediction>> outcome = serving.batcher().submit(input, deadline, priority);
        boolean refused = outcome.isDone() && outcome.join() instanceof Outcome.Failed;
        if (!refused) {
            audit.accepted(this, input);
        }
        if (deadline.isBounded() && !outcome.isDone()) {
            Failure late = Failure.of(
                    FailureCode.DEADLINE_EXCEEDED, deadline + " passed in the queue or the engine of model " + name());
            long left = deadline.remaining(System.nanoTime()).toNanos();
            return outcome.completeOnTimeout(new Outcome.Failed<>(late), left, TimeUnit.NANOSECONDS);
        }
        return outcome;
    }

    /** Loads and warms up on the calling thread, which ends in READY or FAILED. */
    void load(PyTorchBackend engine, BatchListener batches, int cores, Duration hungAfter) {
        long started = System.nanoTime();
        PyTorchModel engineModel = null;
        Batcher<Tensor, Prediction> batcher = null;
        try {
            ModelManifest read = ManifestReader.read(source, engine);
            manifest = read;
            engineModel = engine.load(
                    source::openArchive,
                    source.location() + "/" + version() + "/model.pt",
                    read.execution().device());
            int threads = read.execution().threadsOn(cores);
            int workerCount = read.execution().workersOn(cores);
            PyTorchModel loaded = engineModel;
            AtomicReference<@Nullable ModelSignature> signature = new AtomicReference<>();
            Supplier<EngineWorker> newWorker = () -> new EngineWorker(
                    loaded.newSession(threads),
                    read.warmUp(),
                    prediction -> OutputFit.require(read, prediction),
                    run -> {
                        if (signature.get() == null) {
                            signature.set(
                                    ModelSignature.seen(read, loaded.signature().givesResultPerImage(), run));
                        }
                    });
            List<EngineWorker> workers =
                    Stream.generate(newWorker).limit(workerCount).toList();
            batcher = Batcher.<Tensor, Prediction>of(name(), version())
                    .policy(read.batching())
                    .shape(input -> List.of(input.type(), input.shape()))
                    .runners(workers)
                    .replacement(newWorker)
                    .whenBroken(this::fail)
                    .listener(batches)
                    .threads(workerThreads())
                    .start();
            batcher.ready().join();
            String objection = audit.objection(this, batcher::submit);
            if (objection != null) {
                throw Failure.of(FailureCode.MODEL_UNAVAILABLE, objection).asException();
            }
            Duration took = Duration.ofNanos(System.nanoTime() - started);
            Serving serving = new Serving(
                    engineModel,
                    batcher,
                    Objects.requireNonNull(signature.get(), "set by the first worker that is ready"),
                    workerCount,
                    threads == 0 ? Math.max(1, cores / workerCount) : threads);
            enter(new State(ModelState.READY, null, took, serving));
        } catch (IOException | RuntimeException | Error e) {
            if (batcher != null) {
                batcher.close(Duration.ofSeconds(10));
            }
            if (engineModel != null) {
                engineModel.close();
            }
            Throwable cause = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
            LOG.log(ERROR, () -> "model " + name() + " version " + version() + " does not load", cause);
            enter(new State(ModelState.FAILED, reasonOf(cause), null, null));
        }
    }

    /** Takes no new requests, finishes what was accepted for at most the given time, and frees everything. */
    void unload(Duration drainTime) {
        State last = state;
        if (last.serving() != null) {
            enter(new State(ModelState.UNLOADED, null, last.loadTime(), last.serving()));
            free(drainTime);
        }
    }

    /** As {@link #unload}, when another one has taken its place: the requests that still hold this one see it ready. */
    void retire(Duration drainTime) {
        if (state.serving() != null) {
            free(drainTime);
        }
        audit.ended(this);
    }

    /**
     * A newer archive or manifest of this version does not serve, so that this one goes on.
     *
     * @param tried the fingerprint of what does not serve, which need not be tried again
     */
    void notReplacedBecause(String tried, String why) {
        fingerprint = tried;
        State last = state;
        state = new State(
                last.state(), "serves as it was loaded; the reload failed: " + why, last.loadTime(), last.serving());
    }

    /** The batcher serves no more; what it holds is kept, since a thread may still be in it. */
    private void fail(Failure failure) {
        State last = state;
        if (last.state() == ModelState.READY) {
            enter(new State(ModelState.FAILED, failure.detail(), last.loadTime(), last.serving()));
        }
    }

    private void free(Duration drainTime) {
        State last = state;
        Serving serving = Objects.requireNonNull(last.serving());
        long until = System.nanoTime() + drainTime.toNanos();
        awaitLeases(until);
        boolean ended = serving.batcher().close(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
        state = new State(ModelState.UNLOADED, null, last.loadTime(), null);
        if (ended) {
            serving.engineModel().close();
        } else {
            // A worker may still be inside the engine: freeing what it reads would take the process down.
            LOG.log(ERROR, () -> "model " + name() + " version " + version() + " did not end within " + drainTime);
        }
    }

    private void enter(State next) {
        state = next;
        LOG.log(
                INFO,
                () -> "model " + name() + " version " + version() + " is " + next.state()
                        + (next.reason() == null ? "" : ": " + next.reason()));
        listener.stateChanged(new ModelStateChanged(name(), version(), next.state(), next.reason(), next.loadTime()));
    }

    private Failure unavailable(State now) {
        String which = "model " + name() + " version " + version();
        return switch (now.state()) {
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

    private ThreadFactory workerThreads() {
        AtomicInteger number = new AtomicInteger();
        return work -> {
            Thread thread = new Thread(work, "engine-" + name() + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
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
