package dev.gnserve.serving;

import dev.gnserve.model.ModelRepository;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks now and then for forward passes that hang and, if wanted, for changes in the folder of models.
 *
 * <p>The folder is looked at and not listened to: file events do not cross network file systems or the volumes of a
 * container.
 */
final class ModelWatch {

    private static final Logger log = LoggerFactory.getLogger(ModelWatch.class);

    private final ModelRepository repository;
    private final @Nullable Duration folderInterval;
    private @Nullable ScheduledExecutorService clock;

    ModelWatch(ModelRepository repository, @Nullable Duration folderInterval) {
        this.repository = repository;
        this.folderInterval = folderInterval;
    }

    void start() {
        ScheduledExecutorService ticking = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "model-watch");
            thread.setDaemon(true);
            return thread;
        });
        clock = ticking;
        Object unused = ticking.scheduleWithFixedDelay(this::watch, 1, 1, TimeUnit.SECONDS);
        if (folderInterval != null) {
            long millis = folderInterval.toMillis();
            Object unusedToo = ticking.scheduleWithFixedDelay(this::look, millis, millis, TimeUnit.MILLISECONDS);
        }
    }

    /** A look that fails must not be the last one. */
    private void watch() {
        try {
            repository.watch();
        } catch (RuntimeException e) {
            log.warn("The calls inside the engine cannot be watched", e);
        }
    }

    void stop() {
        if (clock != null) {
            clock.shutdownNow();
        }
    }

    /** Asks for one more look; not for its end, so that a model that loads for minutes does not hold up the watchdog. */
    private void look() {
        Object unused = repository.refresh().exceptionally(thrown -> {
            log.warn("The folder of models cannot be read: {}", thrown.toString());
            return null;
        });
    }
}
