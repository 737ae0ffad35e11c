package dev.gnserve.serving;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ModelLease;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ServedModel;
import dev.gnserve.model.Task;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;
import org.springframework.web.multipart.MultipartException;

/**
 * What every task does with a request before and after its own part: finds the model, reads the images, sends their
 * tiles through the model, keeps the order, and tells telemetry how it ended. Thread-safe.
 */
@Component
public final class InferenceRequests {

    private final ModelRepository models;
    private final UploadReader uploads;
    private final ImageDecoder decoder;
    private final PixelBudget pixels;
    private final ApplicationEventPublisher events;

    InferenceRequests(
            ModelRepository models,
            UploadReader uploads,
            UploadLimits limits,
            PixelBudget pixels,
            ApplicationEventPublisher events) {
        this.pixels = pixels;
        this.models = models;
        this.uploads = uploads;
        this.decoder = new ImageDecoder(new ImageLimits(limits.maxPixels(), ImageLimits.DEFAULT.maxSide()));
        this.events = events;
    }

    /** What a task makes of a request. */
    @FunctionalInterface
    public interface Handler<T> {

        T handle(ServedModel model, List<Upload> images, Caller caller) throws IOException;
    }

    /**
     * Answers one request.
     *
     * @param task that the path stands for
     * @param version of the model, or null for the newest that is ready
     * @throws FailureException what keeps the request as a whole from being answered
     * @throws IOException if the connection breaks
     */
    public <T> T answer(
            Task task, String name, @Nullable String version, HttpServletRequest request, Handler<T> handler)
            throws IOException {
        return counted(name, version, model -> {
            requireTask(model, task);
            model.requireReady(); // Before the work of reading and decoding.
            Caller caller = Caller.of(request);
            return handler.handle(model, uploads.read(request), caller);
        });
    }

    /** What a protocol of tensors makes of a request. */
    @FunctionalInterface
    public interface BodyHandler<T> {

        T handle(ServedModel model, byte[] body, Caller caller) throws IOException;
    }

    /**
     * Answers one request that brings no image.
     *
     * @param version of the model, or null for the newest that is ready
     * @throws FailureException what keeps the request from being answered
     * @throws IOException if the connection breaks
     */
    public <T> T answer(String name, @Nullable String version, HttpServletRequest request, BodyHandler<T> handler)
            throws IOException {
        return counted(name, version, model -> {
            model.requireReady();
            Caller caller = Caller.of(request);
            return handler.handle(model, uploads.body(request), caller);
        });
    }

    @FunctionalInterface
    private interface Work<T> {

        T with(ServedModel model) throws IOException;
    }

    private <T> T counted(String name, @Nullable String version, Work<T> work) throws IOException {
        ServedModel model = null;
        FailureCode outcome = null;
        boolean refused = false;
        try (ModelLease lease = models.lease(name, version)) {
            model = lease.model();
            return work.with(model);
        } catch (FailureException e) {
            outcome = e.failure().code();
            throw e;
        } catch (CallerGoneException e) {
            outcome = FailureCode.INVALID_REQUEST;
            throw Failure.of(outcome, String.valueOf(e.getMessage()), e).asException();
        } catch (MultipartException e) {
            refused = true; // Told by the problem advice, which also hears of those that come before the controller.
            throw e;
        } catch (IOException e) {
            outcome = FailureCode.INVALID_REQUEST;
            throw e;
        } catch (RuntimeException | Error e) {
            outcome = FailureCode.ENGINE_FAULT;
            throw e;
        } finally {
            if (!refused) {
                events.publishEvent(new RequestCompleted(
                        model == null ? null : model.name(), model == null ? null : model.version(), outcome));
            }
        }
    }

    /**
     * Runs images through a model, several at a time so that they can share batches, and gives one result per image in
     * their order.
     *
     * @param finish makes the result from a running image
     * @param failed makes the result from a failure
     * @throws FailureException the first failure, if every image failed
     */
    public <T> List<T> run(
            ServedModel model,
            List<Upload> images,
            Caller caller,
            BiFunction<Upload, ImageRun, T> finish,
            BiFunction<Upload, Failure, T> failed) {
        int ahead = Math.max(2, model.manifest().batching().maxSize());
        Deque<Started> running = new ArrayDeque<>();
        // What failed is told image by image, or, if nothing else happened, once for the whole request.
        List<Supplier<T>> results = new ArrayList<>(images.size());
        List<Failure> failures = new ArrayList<>();
        try {
            for (Upload image : images) {
                if (running.size() == ahead) {
                    results.add(finished(running.remove(), finish, failed, failures));
                }
                running.add(start(model, image, caller, ahead));
            }
            while (!running.isEmpty()) {
                results.add(finished(running.remove(), finish, failed, failures));
            }
        } finally {
            running.forEach(Started::cancel);
        }
        if (failures.size() == images.size()) {
            throw failures.get(0).asException();
        }
        return results.stream().map(Supplier::get).toList();
    }

    /** Tells telemetry where the time of an image went. */
    public void completed(Timing timing) {
        events.publishEvent(new ImageCompleted(timing));
    }

    /** Measures a stage outside the engine and tells telemetry. */
    public Duration stage(ServedModel model, ImageStage.Name stage, long beganNanos) {
        Duration elapsed = Duration.ofNanos(System.nanoTime() - beganNanos);
        events.publishEvent(new ImageStage(model.name(), model.version(), stage, elapsed));
        return elapsed;
    }

    private record Started(
            Upload upload, @Nullable ImageRun run, @Nullable Failure failure, Share room) {
        void cancel() {
            if (run != null) {
                run.cancel();
            }
            room.close();
        }
    }

    private Started start(ServedModel model, Upload upload, Caller caller, int tilesAhead) {
        Share room = () -> {};
        try {
            room = pixels.take(decoder.claimedPixels(upload.bytes()));
            long began = System.nanoTime();
            UprightImage image = decoder.decode(upload.bytes());
            room.reduceTo((long) image.width() * image.height());
            Duration decode = stage(model, ImageStage.Name.DECODE, began);
            began = System.nanoTime();
            PreparedImage prepared = model.manifest().preprocessor().prepare(image);
            Duration preprocess = stage(model, ImageStage.Name.PREPROCESS, began);
            return new Started(
                    upload, new ImageRun(model, caller, image, prepared, decode, preprocess, tilesAhead), null, room);
        } catch (FailureException e) {
            room.close();
            return new Started(upload, null, named(upload, e.failure()), () -> {});
        } catch (RuntimeException | Error e) {
            room.close();
            throw e;
        }
    }

    private static <T> Supplier<T> finished(
            Started started,
            BiFunction<Upload, ImageRun, T> finish,
            BiFunction<Upload, Failure, T> failed,
            List<Failure> failures) {
        Failure failure = started.failure();
        if (failure == null) {
            try {
                T result = finish.apply(started.upload(), Objects.requireNonNull(started.run()));
                return () -> result;
            } catch (FailureException e) {
                failure = named(started.upload(), e.failure());
            } finally {
                started.room().close();
            }
        }
        failures.add(failure);
        Failure told = failure;
        return () -> failed.apply(started.upload(), told);
    }

    private static Failure named(Upload upload, Failure failure) {
        return new Failure(
                failure.code(), upload.name() + ": " + failure.detail(), failure.retryAfter(), failure.cause());
    }

    private static void requireTask(ServedModel model, Task asked) {
        Task task = model.manifest().task();
        if (task != asked) {
            throw Failure.of(
                            FailureCode.WRONG_TASK,
                            (task == Task.TENSORS
                                            ? "The model '%s' takes %s and no images; POST them to %s."
                                            : "The model '%s' does %s; POST the image to %s.")
                                    .formatted(model.name(), task.label(), task.path(model.name())))
                    .asException();
        }
    }
}
