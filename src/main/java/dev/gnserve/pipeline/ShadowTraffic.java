package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.AfterResponseExecutor;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelLease;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.Traffic.Shadow;
import dev.gnserve.process.BackgroundThreads;
import jakarta.annotation.PreDestroy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;

/**
 * Runs copies of a model's images, and of its requests with tensors, on its shadow version after their response was sent, and compares the answers. Clients never see
 * them, and never wait for them.
 *
 * <p>At most one copy for each model exists at any time. An image that is chosen meanwhile is dropped and counted. Thread-safe.
 */
@Component
public final class ShadowTraffic {

    private static final Logger log = LoggerFactory.getLogger(ShadowTraffic.class);

    private final ObjectProvider<ModelRepository> models;
    private final UploadBudget uploads;
    private final AfterResponseExecutor afterResponse;
    private final ApplicationEventPublisher events;
    private final Executor background;
    private final DoubleSupplier random;
    private final Map<Versions, ShadowTally> tallies = new ConcurrentHashMap<>();
    private final Map<String, Copy> running = new ConcurrentHashMap<>();

    /** A main version and its shadow. */
    private record Versions(String model, String main, String shadow) {}

    @Autowired
    ShadowTraffic(
            ObjectProvider<ModelRepository> models,
            UploadBudget uploads,
            AfterResponseExecutor afterResponse,
            ApplicationEventPublisher events) {
        this(
                models,
                uploads,
                afterResponse,
                events,
                Executors.newSingleThreadExecutor(new BackgroundThreads("gnserve-shadow")),
                () -> ThreadLocalRandom.current().nextDouble());
    }

    /**
     * With given chances.
     *
     * @param background one thread
     * @param random uniform in [0, 1)
     */
    ShadowTraffic(
            ObjectProvider<ModelRepository> models,
            UploadBudget uploads,
            AfterResponseExecutor afterResponse,
            ApplicationEventPublisher events,
            Executor background,
            DoubleSupplier random) {
        this.models = models;
        this.uploads = uploads;
        this.afterResponse = afterResponse;
        this.events = events;
        this.background = background;
        this.random = random;
    }

    /** What was compared since the shadow was set, or since the start; zeros for versions that were never compared. */
    public ShadowTally tally(String model, String main, String shadow) {
        return tallies.getOrDefault(new Versions(model, main, shadow), ShadowTally.NONE);
    }

    /** Forgets what was compared of a model. */
    public void forget(String model) {
        tallies.keySet().removeIf(versions -> versions.model().equals(model));
    }

    /**
     * Chooses a request with tensors, or not, and runs its copy after the response of this thread's request.
     *
     * @param heap bytes that the copy holds until it is compared
     * @param comparison runs the tensors on the shadow; returns how far the outputs agree, 0 to 1
     */
    public void copy(LoadedModel main, long heap, ToDoubleFunction<LoadedModel> comparison) {
        Copy copy = choose(main);
        if (copy != null) {
            copy.run(uploads.takeAtOnce(heap / UploadBudget.HEAP_PER_BYTE + 1), comparison);
        }
    }

    /**
     * Chooses an image, or not. Called on the request's thread.
     *
     * @return where to run its copy; null if it is not chosen
     */
    @Nullable
    Copy choose(LoadedModel main) {
        ModelRepository repository = models.getObject();
        Shadow rule = repository.traffic(main.name()).shadow();
        if (rule == null || random.getAsDouble() >= rule.share() || !repository.isMain(main)) {
            return null;
        }
        LoadedModel shadow = repository.shadowOf(main);
        return shadow == null
                ? null
                : new Copy(repository, new Versions(main.name(), main.version(), shadow.version()));
    }

    /** One chosen image. Run it once. */
    final class Copy {

        private final ModelRepository repository;
        private final Versions versions;

        private Copy(ModelRepository repository, Versions versions) {
            this.repository = repository;
            this.versions = versions;
        }

        /**
         * Runs the copy after the response of this thread's request.
         *
         * @param share of the pixel budget that the copy holds, and which this gives back; null if none is free
         * @param comparison runs the image on the shadow; returns how far the answers agree, 0 to 1
         */
        void run(@Nullable Share share, ToDoubleFunction<LoadedModel> comparison) {
            if (share == null || running.putIfAbsent(versions.model(), this) != null) {
                if (share != null) {
                    share.close();
                }
                ended(ShadowCompared.Outcome.DROPPED, 0);
                return;
            }
            afterResponse.execute(() -> {
                try {
                    background.execute(() -> compare(share, comparison));
                } catch (RejectedExecutionException e) {
                    release(share); // The service stops.
                }
            });
        }

        private void compare(Share share, ToDoubleFunction<LoadedModel> comparison) {
            try (ModelLease lease = repository.lease(versions.model(), versions.shadow())) {
                lease.model().requireReady();
                ended(ShadowCompared.Outcome.COMPARED, comparison.applyAsDouble(lease.model()));
            } catch (RuntimeException | OutOfMemoryError e) {
                Failure known = Failure.in(e);
                boolean busy = known != null && known.code() == FailureCode.OVERLOADED;
                if (!busy
                        && tally(versions.model(), versions.main(), versions.shadow())
                                        .failed()
                                == 0) {
                    log.warn(
                            "Version {} of model {} fails where version {} answers: {}. Further failures are only counted",
                            versions.shadow(),
                            versions.model(),
                            versions.main(),
                            known == null ? e.toString() : known.detail(),
                            known == null ? e : null);
                }
                ended(busy ? ShadowCompared.Outcome.DROPPED : ShadowCompared.Outcome.FAILED, 0);
            } finally {
                release(share);
            }
        }

        private void release(Share share) {
            running.remove(versions.model(), this);
            share.close();
        }

        private void ended(ShadowCompared.Outcome outcome, double agreement) {
            tallies.merge(
                    versions,
                    ShadowTally.NONE.plus(outcome, agreement),
                    (before, first) -> before.plus(outcome, agreement));
            events.publishEvent(
                    new ShadowCompared(versions.model(), versions.main(), versions.shadow(), outcome, agreement));
        }
    }

    @PreDestroy
    void close() {
        if (background instanceof ExecutorService own) {
            own.shutdownNow();
        }
    }
}
