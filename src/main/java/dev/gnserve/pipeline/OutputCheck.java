package dev.gnserve.pipeline;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelCompanion;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputFit;
import dev.gnserve.model.Task;
import dev.gnserve.process.BackgroundThreads;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;

/**
 * Compares outputs of live traffic with model.yaml, as they are compared at load: an image can show what the noise of the warm-up does
 * not, such as a softmax that is done already. Tensors of clients are left out, because model.yaml does not say how those read the outputs; so
 * are images with values that are not finite or overflow. Of each model, one output a second at most is compared, by a thread of low priority.
 * Thread-safe.
 */
@Component
public final class OutputCheck implements ModelCompanion.Factory {

    private static final System.Logger LOG = System.getLogger(OutputCheck.class.getName());

    private static final long PAUSE = Duration.ofSeconds(1).toNanos();

    /** No camera or scanner gives more. */
    private static final float LARGEST = 1e12f;

    /** More waiting outputs would only hold memory. */
    private static final int MOST_WAITING = 8;

    private final ApplicationEventPublisher events;
    private final Executor background;

    OutputCheck(ApplicationEventPublisher events) {
        this.events = events;
        ThreadPoolExecutor thread = new ThreadPoolExecutor(
                1,
                1,
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(MOST_WAITING),
                new BackgroundThreads("output-check"));
        thread.allowCoreThreadTimeOut(true);
        this.background = thread;
    }

    /**
     * Event: an output of live traffic was compared.
     *
     * @param model name of the model
     * @param mismatch why it does not fit model.yaml; null if it does
     */
    public record Compared(
            String model, String version, @Nullable String mismatch) {}

    /**
     * What was found since the model was loaded.
     *
     * @param compared outputs
     * @param mismatches outputs that do not fit model.yaml
     * @param latest why the newest of these does not fit; null if there is none
     */
    public record Found(
            long compared, long mismatches, @Nullable String latest) {}

    @Override
    public ModelCompanion of(LoadedModel model) {
        return new Watch(model);
    }

    /** The comparisons of one model. */
    public final class Watch implements ModelCompanion {

        private final LoadedModel model;
        private final ModelManifest manifest;
        private final AtomicLong next = new AtomicLong(System.nanoTime());
        private volatile Found found = new Found(0, 0, null);
        private volatile boolean fits = true;

        private Watch(LoadedModel model) {
            this.model = model;
            this.manifest = model.manifest();
        }

        public Found found() {
            return found;
        }

        @Override
        public void answered(ModelInput input, Prediction prediction) {
            long now = System.nanoTime();
            long due = next.get();
            if (manifest.task() == Task.TENSORS
                    || now - due < 0
                    || !(input instanceof FloatTensor image)
                    || !next.compareAndSet(due, now + PAUSE)) {
                return;
            }
            try {
                background.execute(() -> {
                    if (isOrdinary(image)) {
                        compare(image, prediction);
                    }
                });
            } catch (RejectedExecutionException e) {
                // The thread is busy with outputs of other models; a later one will do.
            }
        }

        /** Images of floats may have any value. Of NaN, or of values whose squares overflow, a sound model makes NaN. */
        static boolean isOrdinary(FloatTensor image) {
            for (float value : image.values()) {
                if (!(Math.abs(value) < LARGEST)) {
                    return false;
                }
            }
            return true;
        }

        /** Runs on one thread at a time. */
        private void compare(FloatTensor image, Prediction prediction) {
            String mismatch = OutputFit.mismatch(manifest, image.shape(), prediction);
            Found before = found;
            found = new Found(
                    before.compared() + 1,
                    before.mismatches() + (mismatch == null ? 0 : 1),
                    mismatch == null ? before.latest() : mismatch);
            events.publishEvent(new Compared(model.name(), model.version(), mismatch));
            if (mismatch != null && fits) { // Once: a wrong decoder is wrong for every image.
                LOG.log(
                        System.Logger.Level.WARNING,
                        () -> "an output of model " + model.name() + " version " + model.version()
                                + " does not fit its model.yaml: " + mismatch);
                fits = false;
            }
        }
    }
}
