package dev.gnserve.serving;

import dev.gnserve.model.ModelRepository;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;

/**
 * Checks every second for calls into the engine that hang and, at the interval of {@code gnserve.watch-interval}, the models folder for
 * changes. Polls the folder, because file events do not cross network file systems and container volumes.
 *
 * <p>The checks run on one separate thread. Only the thread of the application's lifecycle may call {@link #start} and {@link #stop}.
 */
final class ModelWatch {

    private static final Logger log = LoggerFactory.getLogger(ModelWatch.class);

    private final ModelRepository repository;
    private final @Nullable Duration folderInterval;
    private @Nullable ScheduledExecutorService scheduler;
    private volatile @Nullable String unreadable; // why the folder could not be read at the last look

    ModelWatch(ModelRepository repository, @Nullable Duration folderInterval) {
        this.repository = repository;
        this.folderInterval = folderInterval;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // The checks log their failures.
    void start() {
        ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "model-watch");
            thread.setDaemon(true);
            return thread;
        });
        this.scheduler = scheduler;
        scheduler.scheduleWithFixedDelay(this::watchCalls, 1, 1, TimeUnit.SECONDS);
        if (folderInterval != null) {
            long nanos = folderInterval.toNanos();
            scheduler.scheduleWithFixedDelay(this::refresh, nanos, nanos, TimeUnit.NANOSECONDS);
        }
    }

    /** Catches everything, because what escapes would end the schedule. */
    private void watchCalls() {
        try {
            repository.watch();
        } catch (RuntimeException | Error e) {
            log.warn("Cannot check the calls inside the engine", e);
        }
    }

    void stop() {
        if (scheduler != null) {
            scheduler.shutdownNow();
        }
    }

    /** Does not wait for the end, so that a model that loads for minutes does not delay {@link #watchCalls}. */
    @SuppressWarnings("FutureReturnValueIgnored")
    private void refresh() {
        try {
            repository.refresh().whenComplete((done, thrown) -> looked(thrown));
        } catch (RuntimeException | Error e) {
            looked(e);
        }
    }

    /** Logs a failure once, however long it lasts. */
    private void looked(@Nullable Throwable thrown) {
        String before = unreadable;
        String now = thrown == null
                ? null
                : NestedExceptionUtils.getMostSpecificCause(thrown).toString();
        unreadable = now;
        if (now != null && !now.equals(before)) {
            log.warn("Cannot read the models folder; the loaded models serve on: {}", now);
        } else if (now == null && before != null) {
            log.info("The models folder can be read again");
        }
    }
}
