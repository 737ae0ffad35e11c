package dev.gnserve.verification;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TappedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.failure.Failure;
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
 * Verifies one model on images, by an instrumented copy that is loaded when it is first needed and released when it has
 * not been needed for a while.
 *
 * <p>Thread-safe. Verifications run one after another on a thread of their own, which ends without them, samples on the one background thread that
 * brings them; both share the copy under a lock. Few threads, because every thread that enters libtorch gets a team of
 * threads. Memory: the copy's parameters, and what {@link TappedCopy} says of a run.
 */
public final class ModelVerifier implements AutoCloseable {

    /** Most verifications that wait; the next one is refused, for each costs a few inferences. */
    private static final int MOST_WAITING = 4;

    private final EngineScope scope;
    private final ArchiveSnapshot archive;
    private final String name;
    private final Device device;
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
     * @param scope where its calls into the engine are registered
     * @param archive of the model; open as long as this is
     * @param name for messages
     * @param expected what every Group Normalization must have, whatever the archive says
     * @param decisions what of the outputs counts in the final result
     * @param idle how long the copy stays loaded after its last use
     */
    public ModelVerifier(
            EngineScope scope,
            ArchiveSnapshot archive,
            String name,
            Device device,
            ExpectedGroupNorm expected,
            Decisions decisions,
            Duration idle) {
        this.scope = scope;
        this.archive = archive;
        this.name = name;
        this.device = device;
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
     * Checks every Group Normalization that the model runs for an image.
     *
     * @param image the model's input for one image, without a batch axis
     * @param batch largest batch of the invariance check; 0 or 1 leaves it out
     * @throws FailureException with OVERLOADED when too many wait already, SHUTTING_DOWN after {@link #close}
     */
    public CompletableFuture<VerificationReport> verify(FloatTensor image, int batch) {
        if (waiting.incrementAndGet() > MOST_WAITING) {
            waiting.decrementAndGet();
            throw Failure.of(
                            FailureCode.OVERLOADED,
                            MOST_WAITING + " verifications of " + name + " are waiting already; try again later")
                    .asException();
        }
        CompletableFuture<VerificationReport> report = new CompletableFuture<>();
        try {
            worker.execute(() -> {
                waiting.decrementAndGet();
                // The request may have been given up.
                if (!report.isDone()) {
                    complete(report, image, batch);
                }
            });
        } catch (RejectedExecutionException e) {
            waiting.decrementAndGet();
            throw afterEnd();
        }
        return report;
    }

    private void complete(CompletableFuture<VerificationReport> report, FloatTensor image, int batch) {
        try {
            report.complete(withCopy(loaded -> loaded.verify(image, batch)));
        } catch (RuntimeException | Error e) {
            report.completeExceptionally(e);
        }
    }

    /** Like {@link #verify}, waiting for the report; what is thrown there is thrown here. */
    public VerificationReport verifyNow(FloatTensor image, int batch) {
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
     * Checks every Group Normalization on the calling thread, with one core and without batches. Always the same thread
     * should call, one of {@link dev.gnserve.process.BackgroundThreads}.
     *
     * @throws FailureException with SHUTTING_DOWN after {@link #close}
     */
    VerificationReport sample(FloatTensor image) {
        return withCopy(loaded -> loaded.sample(image));
    }

    /** Frees the copy now, after a verification that runs; the next one makes it again. */
    void releaseCopy() {
        synchronized (lock) {
            if (release != null) {
                release.cancel(false); // While it waits, the thread stays.
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

    /** Refuses verifications from now on, those that wait, too. One that runs goes on. */
    void end() {
        ended = true;
        worker.shutdown();
    }

    /** As {@link #end}, and frees the copy after a verification that runs. */
    @Override
    public void close() {
        end();
        releaseCopy();
    }

    private VerificationReport withCopy(Function<TappedCopy, VerificationReport> run) {
        return scope.hold("a verification of " + name, () -> {
            synchronized (lock) {
                if (ended) {
                    throw afterEnd();
                }
                if (release != null) {
                    release.cancel(false);
                }
                try {
                    return run.apply(load());
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
            return null; // Closing frees it.
        }
    }

    private TappedCopy load() {
        TappedCopy now = copy;
        if (now == null) {
            BackendModel model = null;
            try {
                TorchScriptArchive whole = archive.torchScript();
                TappedArchive tapped = TappedArchive.of(whole);
                try (ArchiveSnapshot instrumented =
                        ArchiveSnapshot.of(tapped.archive(), name + " (instrumented copy)")) {
                    model = scope.load(instrumented, new BackendPlan(device, 0));
                }
                now = new TappedCopy(tapped, whole, expected, decisions, model);
                copy = now;
            } catch (TorchScriptException | IOException e) {
                throw Failure.of(
                                FailureCode.MODEL_UNAVAILABLE,
                                "an instrumented copy of " + name + " cannot be made: " + e.getMessage(),
                                e)
                        .asException();
            } finally {
                if (copy == null && model != null) {
                    model.close();
                }
            }
        }
        return now;
    }

    private FailureException afterEnd() {
        return Failure.of(FailureCode.SHUTTING_DOWN, "verification of " + name + " has ended")
                .asException();
    }
}
