package dev.gnserve.verification;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.PlannedArchive;
import dev.gnserve.archive.TappedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ExpectedGroupNorm;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Verifies one model on images, with an instrumented copy that is loaded when needed and freed when it has not been used for a while.
 *
 * <p>Thread-safe. One thread, which ends without work, runs all verifications, and the background thread that calls {@link #sample} runs the samples; a lock
 * guards the copy. There are only two threads, because libtorch starts a team of threads for each thread that calls it. Memory: the
 * copy's parameters, and that of {@link TappedCopy}.
 */
public final class ModelVerifier implements AutoCloseable {

    /** Largest number of waiting verifications. Each one costs several inferences. */
    private static final int MAX_WAITING = 4;

    private final EngineScope scope;
    private final ArchiveSnapshot archive;
    private final String name;
    private final BackendPlan plan;
    private final ExpectedGroupNorm expected;
    private final Decisions decisions;
    private final Duration idle;
    private final ScheduledThreadPoolExecutor worker;
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile boolean ended;

    /** Guards the copy and the fields below. */
    private final Object lock = new Object();

    private @Nullable TappedCopy copy;
    private @Nullable Future<?> release;

    /**
     * @param scope registers the calls into the engine
     * @param archive the model's archive; must stay open until this is closed
     * @param name for messages
     * @param plan how the model runs: what serves is what is verified
     * @param expected what every Group Normalization must have; takes precedence over the archive's declaration
     * @param decisions compares the decisions of the outputs
     * @param idle how long the copy stays loaded after its last use
     */
    public ModelVerifier(
            EngineScope scope,
            ArchiveSnapshot archive,
            String name,
            BackendPlan plan,
            ExpectedGroupNorm expected,
            Decisions decisions,
            Duration idle) {
        this.scope = scope;
        this.archive = archive;
        this.name = name;
        this.plan = plan;
        this.expected = expected;
        this.decisions = decisions;
        this.idle = idle;
        this.worker = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "gnserve-verify-" + name);
            thread.setDaemon(true);
            return thread;
        });
        worker.setKeepAliveTime(1, TimeUnit.SECONDS);
        worker.allowCoreThreadTimeOut(true);
        worker.setRemoveOnCancelPolicy(true);
        worker.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /**
     * Checks every call of a Group Normalization that the model makes for an image.
     *
     * @param image the model's input for one image, without a batch axis
     * @param batch largest batch of the invariance check; 0 or 1 skips the check
     * @throws FailureException with OVERLOADED if too many wait already, with SHUTTING_DOWN after {@link #close}
     */
    public CompletableFuture<VerificationReport> verify(ModelInput image, int batch) {
        if (waiting.incrementAndGet() > MAX_WAITING) {
            waiting.decrementAndGet();
            throw new FailureException(
                    FailureCode.OVERLOADED,
                    MAX_WAITING + " verifications of " + name + " are waiting already; try again later");
        }
        CompletableFuture<VerificationReport> report = new CompletableFuture<>();
        try {
            worker.execute(() -> {
                waiting.decrementAndGet();
                if (!report.isDone()) { // It may be cancelled.
                    complete(report, image, batch);
                }
            });
        } catch (RejectedExecutionException e) {
            waiting.decrementAndGet();
            throw ended();
        }
        return report;
    }

    private void complete(CompletableFuture<VerificationReport> report, ModelInput image, int batch) {
        try {
            report.complete(withCopy(loaded -> loaded.verify(image, batch)));
        } catch (RuntimeException | Error e) {
            report.completeExceptionally(e);
        }
    }

    /** As {@link #verify}, and waits for the report. Throws the exception that would complete it. */
    public VerificationReport verifyNow(ModelInput image, int batch) {
        try {
            return verify(image, batch).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /**
     * Checks every call of a Group Normalization on the calling thread, with one core and without batches. Always call it from the
     * same thread, one of {@link dev.gnserve.process.BackgroundThreads}.
     *
     * @throws FailureException with SHUTTING_DOWN after {@link #close}
     */
    VerificationReport sample(FloatTensor image) {
        return withCopy(loaded -> loaded.sample(image));
    }

    /** Frees the copy, after a running verification. The next verification loads it again. */
    void releaseCopy() {
        synchronized (lock) {
            if (release != null) {
                release.cancel(false); // The thread stays as long as this waits.
            }
            if (copy != null) {
                copy.close();
                copy = null;
            }
        }
    }

    /** Whether the instrumented copy is loaded now. */
    boolean holdsCopy() {
        synchronized (lock) {
            return copy != null;
        }
    }

    /** Refuses new and waiting verifications. A running one goes on. */
    void end() {
        ended = true;
        worker.shutdown();
    }

    /** As {@link #end}, and frees the copy after a running verification. */
    @Override
    public void close() {
        end();
        releaseCopy();
    }

    private VerificationReport withCopy(Function<TappedCopy, VerificationReport> run) {
        return scope.hold("a verification of " + name, () -> {
            synchronized (lock) {
                if (ended) {
                    throw ended();
                }
                if (release != null) {
                    release.cancel(false);
                }
                try {
                    TappedCopy loaded = copy == null ? load() : copy;
                    copy = loaded;
                    return run.apply(loaded);
                } finally {
                    release = releaseLater();
                }
            }
        });
    }

    private @Nullable Future<?> releaseLater() {
        try {
            return worker.schedule(this::releaseCopy, idle.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            return null; // close() frees the copy.
        }
    }

    private TappedCopy load() {
        try {
            TorchScriptArchive whole = archive.torchScript();
            TappedArchive tapped = TappedArchive.of(PlannedArchive.of(whole, plan.execution()));
            try (ArchiveSnapshot instrumented = ArchiveSnapshot.of(tapped.archive(), name + " (instrumented copy)")) {
                BackendPlan written = new BackendPlan(plan.device(), plan.threads(), ExecutionPlan.AS_EXPORTED);
                BackendModel model = scope.load(instrumented, written);
                try {
                    return new TappedCopy(tapped, whole, expected, decisions, model, scope::mostAtOnce);
                } catch (RuntimeException | Error e) {
                    model.close();
                    throw e;
                }
            }
        } catch (TorchScriptException | IOException e) {
            throw new FailureException(
                    FailureCode.MODEL_UNAVAILABLE,
                    "an instrumented copy of " + name + " cannot be made: " + e.getMessage(),
                    e);
        }
    }

    private FailureException ended() {
        return new FailureException(FailureCode.SHUTTING_DOWN, "verification of " + name + " has ended");
    }
}
