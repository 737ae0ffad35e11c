package dev.gnserve.model;

import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.backend.Engine;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Has the archives of models judged before they are loaded. A few threads read archives, so that one which cannot be read does not hold
 * up the others. Thread-safe.
 */
final class Examiners {

    private static final System.Logger LOG = System.getLogger(Examiners.class.getName());

    private static final int THREADS = 4;

    private final Engine engine;
    private final ArchiveTrial trial;
    private final Executor loader;
    private final Executor threads = threads();

    /** @param loader loads models after their judgement */
    Examiners(Engine engine, ArchiveTrial trial, Executor loader) {
        this.engine = engine;
        this.trial = trial;
        this.loader = loader;
    }

    /**
     * The judgement of a model's archive.
     *
     * @param over completes when the model can be loaded, or has failed
     * @param postponed completes if the judgement goes on after that of other models
     */
    record Examination(
            LoadedModel model, CompletableFuture<Void> over, CompletableFuture<Void> postponed, Executor loader) {

        /** Does work when the judgement is over: on the loader, or at once and here if it is over. */
        <T> CompletableFuture<T> then(Supplier<T> work) {
            return over.isDone()
                    ? CompletableFuture.completedFuture(work.get())
                    : over.handleAsync((nothing, thrown) -> work.get(), loader);
        }
    }

    /** Begins to judge. The judgement is over at once if the model needs none. */
    Examination examine(LoadedModel model) {
        CompletableFuture<Void> postponed = new CompletableFuture<>();
        CompletableFuture<Void> over = new CompletableFuture<>();
        if (trial == ArchiveTrial.NONE || model.source().isTrusted()) {
            over.complete(null);
        } else {
            execute(() -> {
                CompletableFuture<?> unused = model.examine(
                                engine, trial, () -> postponed.complete(null), this::execute)
                        .whenComplete((nothing, thrown) -> over.complete(null));
            });
        }
        return new Examination(model, over, postponed, loader);
    }

    private void execute(Runnable work) {
        try {
            threads.execute(work);
        } catch (OutOfMemoryError e) { // The system has no more threads.
            LOG.log(WARNING, "an archive is read on the thread that loads models: " + e.getMessage());
            work.run();
        }
    }

    private static Executor threads() {
        ThreadPoolExecutor threads =
                new ThreadPoolExecutor(THREADS, THREADS, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
                    Thread thread = new Thread(work, "model-examiner");
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }
}
